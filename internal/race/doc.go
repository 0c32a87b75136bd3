// Package race says whether a test runs under the race detector. The detector
// drops pooled objects at random, so allocation budgets do not hold there.
package race
