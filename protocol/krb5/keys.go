package krb5

import (
	"errors"
	"fmt"

	"github.com/jcmturner/gokrb5/v8/keytab"
)

// Keys are those of a service.
type Keys struct {
	service string
	table   *keytab.Keytab
}

// ParseKeys reads a keytab, which must have a key of the service.
func ParseKeys(raw []byte, service string) (k *Keys, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it is no keytab: %v", p)
		}
	}()
	if len(raw) < 2 || raw[0] != 5 {
		return nil, errors.New("it is no keytab")
	}
	k = &Keys{service: service, table: keytab.New()}
	if err := k.table.Unmarshal(raw); err != nil {
		return nil, fmt.Errorf("it is no keytab: %w", err)
	}
	for _, e := range k.table.Entries {
		if len(e.Principal.Components) == 2 && e.Principal.Components[0] == service {
			return k, nil
		}
	}
	return nil, fmt.Errorf("it has no key of a principal %s/HOST", service)
}

// Accept begins a context.
func (k *Keys) Accept() *Context { return &Context{keys: k} }
