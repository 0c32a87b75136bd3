// Package race tells tests whether they run under the race detector, which
// drops pooled objects at random: allocation budgets do not hold there.
package race
