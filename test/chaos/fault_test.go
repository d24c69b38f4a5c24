package chaos

// panics are the points at which the process of a domain panics.
var panics = []struct{ point string }{}
