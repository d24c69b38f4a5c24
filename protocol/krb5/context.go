package krb5

import (
	"bytes"
	"crypto/rand"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/asn1tools"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/crypto/etype"
	"github.com/jcmturner/gokrb5/v8/iana/asnAppTag"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/msgtype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// maxSkew is how far the clocks of both sides may be apart.
const maxSkew = 5 * time.Minute

// Context is a security context, from the side of who is called.
type Context struct {
	keys    *Keys
	client  string
	etype   etype.EType
	key     types.EncryptionKey
	ours    uint64 // number of the next message that we send
	theirs  uint64 // of the next one that we expect
	unready bool   // there is no key: what came was no good
}

// The head of a token: the number of Kerberos, and what follows.
var (
	mechanism = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02}
	isRequest = []byte{1, 0}
	isReply   = []byte{2, 0}
)

const (
	gssChecksum = 0x8003 // the kind of the authenticator's checksum
	mutualFlag  = 2      // bit of the options
)

// strengths are the bits of the kinds of keys that may be used.
var strengths = map[int32]int{17: 128, 18: 256, 19: 128, 20: 256}

// Client is who the other side is: without the realm where that is the service's.
func (c *Context) Client() string { return c.client }

// SSF is the strength of sealed messages, in bits.
func (c *Context) SSF() int { return strengths[c.key.KeyType] }

// Accept takes the client's token, and gives ours.
func (c *Context) Accept(token []byte) (out []byte, established bool, err error) {
	defer func() { // the library is given what anybody may send
		if p := recover(); p != nil {
			out, established, err = nil, false, fmt.Errorf("the token is malformed: %v", p)
		}
	}()
	if c.etype != nil || c.unready {
		return nil, false, errors.New("the context is not to be established any more")
	}
	c.unready = true
	raw, err := unframe(token, isRequest)
	if err != nil {
		return nil, false, err
	}
	var request messages.APReq
	if err := request.Unmarshal(raw); err != nil {
		return nil, false, fmt.Errorf("the token is malformed: %w", err)
	}
	if err := c.verify(&request); err != nil {
		return nil, false, err
	}
	out, err = c.reply(&request)
	if err == nil {
		c.unready = false
	}
	return out, err == nil, err
}

// verify looks whether the ticket is for us, and the client its owner.
func (c *Context) verify(r *messages.APReq) error {
	service := r.Ticket.SName
	if len(service.NameString) != 2 || service.NameString[0] != c.keys.service {
		return fmt.Errorf("the ticket is for %.100q", service.PrincipalNameString())
	}
	if r.APOptions.At(mutualFlag) == 0 {
		return errors.New("the client does not ask who we are")
	}
	ok, err := r.Verify(c.keys.table, maxSkew, types.HostAddress{}, nil)
	if err != nil || !ok {
		return fmt.Errorf("the ticket for %.100q is not accepted: %w", service.PrincipalNameString(), err)
	}
	ticket := &r.Ticket.DecryptedEncPart
	if r.Authenticator.CRealm != ticket.CRealm || r.Authenticator.Cksum.CksumType != gssChecksum {
		return errors.New("the authenticator does not belong to the ticket")
	}
	if strengths[ticket.Key.KeyType] == 0 {
		return fmt.Errorf("keys of type %d are not accepted", ticket.Key.KeyType)
	}
	c.client = strings.Join(ticket.CName.NameString, "/")
	if ticket.CRealm != r.Ticket.Realm {
		c.client += "@" + ticket.CRealm
	}
	return nil
}

// reply makes a key for this context, and proves that we could read the ticket.
func (c *Context) reply(r *messages.APReq) ([]byte, error) {
	session := r.Ticket.DecryptedEncPart.Key
	kind, err := crypto.GetEtype(session.KeyType)
	if err != nil {
		return nil, err
	}
	key := types.EncryptionKey{KeyType: session.KeyType, KeyValue: make([]byte, len(session.KeyValue))} // the kind does not know its size well
	var number [4]byte
	_, _ = rand.Read(key.KeyValue) // never fails
	_, _ = rand.Read(number[:])
	ours := binary.BigEndian.Uint32(number[:]) & 0x3fffffff
	part, err := asn1.Marshal(messages.EncAPRepPart{
		CTime: r.Authenticator.CTime, Cusec: r.Authenticator.Cusec, Subkey: key, SequenceNumber: int64(ours),
	})
	if err != nil {
		return nil, err
	}
	part = asn1tools.AddASNAppTag(part, asnAppTag.EncAPRepPart)
	sealed, err := crypto.GetEncryptedData(part, session, keyusage.AP_REP_ENCPART, 0)
	if err != nil {
		return nil, err
	}
	reply, err := asn1.Marshal(messages.APRep{PVNO: 5, MsgType: msgtype.KRB_AP_REP, EncPart: sealed})
	if err != nil {
		return nil, err
	}
	c.etype, c.key = kind, key
	c.ours, c.theirs = uint64(ours), uint64(uint32(r.Authenticator.SeqNumber)) //nolint:gosec // it has 32 bits
	return frame(asn1tools.AddASNAppTag(reply, asnAppTag.APREP), isReply), nil
}

// frame puts the head before a message (RFC 2743, 3.1).
func frame(message, kind []byte) []byte {
	body := append(append(bytes.Clone(mechanism), kind...), message...)
	return append(append([]byte{0x60}, asn1tools.MarshalLengthBytes(len(body))...), body...)
}

var errFrame = errors.New("the token is none of Kerberos")

// unframe takes the head from a message.
func unframe(token, kind []byte) ([]byte, error) {
	var body asn1.RawValue
	rest, err := asn1.Unmarshal(token, &body)
	if err != nil || len(rest) > 0 || len(token) == 0 || token[0] != 0x60 {
		return nil, errFrame
	}
	message, ok := bytes.CutPrefix(body.Bytes, append(bytes.Clone(mechanism), kind...))
	if !ok {
		return nil, errFrame
	}
	return message, nil
}
