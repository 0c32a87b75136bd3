package sessionstest

// RuleNames returns the names of all rules.
func RuleNames() []string {
	var names []string
	for _, group := range all {
		for _, r := range group.rules {
			names = append(names, r.name)
		}
	}
	return names
}
