package backup

// WithStep is told before each point of no return, and may end the backup there.
func (o Options) WithStep(step func(what string) error) Options {
	o.step = step
	return o
}

// WithSegments makes segments of fewer messages.
func (o Options) WithSegments(messages int) Options {
	o.segment = messages
	return o
}

// Encode writes a manifest with its digest.
func (m *Manifest) Encode() ([]byte, error) { return m.encode() }

// Decided is the reason for every table of the list.
func Decided() map[string]string {
	all := map[string]string{}
	for _, t := range tables {
		all[t.name] = t.why
	}
	return all
}
