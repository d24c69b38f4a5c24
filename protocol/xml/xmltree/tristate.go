package xmltree

// Tristate is a switch that may also be left to somebody else to decide.
type Tristate uint8

// The values of a Tristate. On and Off are other words for Yes and No.
const (
	Absent Tristate = iota
	Yes
	No

	On  = Yes
	Off = No
)

// TristateOf gives Yes or No.
func TristateOf(b bool) Tristate {
	if b {
		return Yes
	}
	return No
}

// YesNo gives "yes", "no", or nothing when absent.
func (t Tristate) YesNo() string { return [...]string{"", "yes", "no"}[t] }

// OnOff gives "on", "off", or nothing when absent.
func (t Tristate) OnOff() string { return [...]string{"", "on", "off"}[t] }

// Given says whether the value was decided.
func (t Tristate) Given() bool { return t != Absent }
