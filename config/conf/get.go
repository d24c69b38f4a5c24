package conf

import "math"

// Each getter below stores the value of a name in its target and says whether
// the file had one; a value of the wrong type is an *Error of class ErrType.

func (f *File) want(name, what string, kinds ...Kind) (*Entry, error) {
	e, ok := f.Lookup(name)
	if !ok {
		return nil, nil
	}
	for _, k := range kinds {
		if e.Value.Kind == k {
			return e, nil
		}
	}
	return nil, f.Fail(ErrType, e, "expected %s for '%s' parameter", what, name)
}

// String reads a text.
func (f *File) String(name string, to *string) (bool, error) {
	e, err := f.want(name, "a string", String)
	if e == nil {
		return false, err
	}
	*to = e.Value.Str
	return true, nil
}

// Bool reads 0 or 1.
func (f *File) Bool(name string, to *bool) (bool, error) {
	e, err := f.want(name, "a bool", Unsigned)
	if e == nil {
		return false, err
	}
	if e.Value.Int > 1 {
		return false, f.Fail(ErrType, e, "value for '%s' parameter must be 0 or 1", name)
	}
	*to = e.Value.Int == 1
	return true, nil
}

// Int reads an integer of 32 bits.
func (f *File) Int(name string, to *int) (bool, error) {
	e, err := f.want(name, "a signed integer", Unsigned, Signed)
	if e == nil {
		return false, err
	}
	if e.Value.Int > math.MaxInt32 || e.Value.Int < math.MinInt32 {
		return false, f.Fail(ErrType, e, "value for '%s' parameter must be in range %d:%d",
			name, math.MinInt32, math.MaxInt32)
	}
	*to = int(e.Value.Int)
	return true, nil
}

// Uint reads an unsigned integer of 32 bits.
func (f *File) Uint(name string, to *uint) (bool, error) {
	e, err := f.want(name, "an unsigned integer", Unsigned)
	if e == nil {
		return false, err
	}
	if e.Value.Int > math.MaxUint32 {
		return false, f.Fail(ErrType, e, "value for '%s' parameter must be in range 0:%d",
			name, uint32(math.MaxUint32))
	}
	*to = uint(e.Value.Int)
	return true, nil
}

// Uint64 reads an unsigned integer of 64 bits.
func (f *File) Uint64(name string, to *uint64) (bool, error) {
	e, err := f.want(name, "an unsigned integer", Unsigned)
	if e == nil {
		return false, err
	}
	*to = uint64(e.Value.Int)
	return true, nil
}

// Strings reads a list of texts.
func (f *File) Strings(name string, to *[]string) (bool, error) {
	e, err := f.want(name, "a string list", List)
	if e == nil {
		return false, err
	}
	return f.storeList(name, e, to)
}

// StringOrStrings reads a list of texts, or one text as a list of one.
func (f *File) StringOrStrings(name string, to *[]string) (bool, error) {
	e, err := f.want(name, "a string or string list", List, String)
	if e == nil {
		return false, err
	}
	if e.Value.Kind == String {
		*to = []string{e.Value.Str}
		return true, nil
	}
	return f.storeList(name, e, to)
}

func (f *File) storeList(name string, e *Entry, to *[]string) (bool, error) {
	list := make([]string, 0, len(e.Value.List))
	for _, item := range e.Value.List {
		if item.Kind != String {
			return false, f.Fail(ErrSyntax, e, "expected a string list for '%s' parameter", name)
		}
		list = append(list, item.Str)
	}
	*to = list
	return true, nil
}
