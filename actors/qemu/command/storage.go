package command

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"

	"virtree.dev/protocol/xml/domain"
)

// Storage is what disks depend on beside the document.
type Storage struct {
	MasterKey []byte // 32 bytes, what secrets are encrypted with
	// Random fills a slice; nil stands for the system's random numbers.
	Random func([]byte)
	// HostCDROM says whether a block device is a CD-ROM drive; nil stands for no.
	HostCDROM func(path string) bool
	// Group tells how many descriptors a group has and whether they can be written; nil stands for no groups.
	Group        func(name string) (count int, writable, known bool)
	GlusterDebug uint // level
	// NBDKit says whether images of a protocol are to be reached through nbdkit; nil stands for no.
	NBDKit    func(protocol string) bool
	NBD, VxHS StorageTLS
}

// StorageTLS is how servers of images are spoken to.
type StorageTLS struct {
	Enabled bool   // where the document does not say
	Dir     string // of certificates
	Secret  string // UUID of the secret that opens the key, or empty
}

// secret adds a secret, encrypted with the master key, under a name. Kind is
// volume, iscsi, ceph or tls.
func (b *builder) secret(alias, kind string, ref domain.SecretRef) {
	usage := ref.UUID
	if usage == "" {
		usage = ref.Usage
	}
	if b.env.Secret == nil {
		b.internal("no secret driver")
		return
	}
	value, err := b.env.Secret(kind, usage)
	if err != nil {
		b.fail(err)
		return
	}
	b.secretValue(alias, value)
}

// secretValue adds a secret whose value is known.
func (b *builder) secretValue(alias string, value []byte) {
	iv := make([]byte, aes.BlockSize)
	if b.env.Storage.Random != nil {
		b.env.Storage.Random(iv)
	} else if _, err := rand.Read(iv); err != nil {
		b.fail(err)
		return
	}
	block, err := aes.NewCipher(b.env.Storage.MasterKey)
	if err != nil {
		b.internal("master key has %d bytes", len(b.env.Storage.MasterKey))
		return
	}
	pad := aes.BlockSize - len(value)%aes.BlockSize
	data := append([]byte(nil), value...)
	for range pad {
		data = append(data, byte(pad))
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)
	text := base64.StdEncoding.EncodeToString
	b.object(props("qom-type", "secret", "id", alias, "data", text(data),
		"keyid", "masterKey0", "iv", text(iv), "format", "base64"))
}

func secretAlias(parent, use string, index int) string {
	if use == "" {
		return fmt.Sprintf("%s-secret%d", parent, index)
	}
	return fmt.Sprintf("%s-%s-secret%d", parent, use, index)
}

// encryptionAlias is the node whose name an image's keys carry.
func (i *image) encryptionAlias() string {
	if i.format != "" {
		return i.format
	}
	return i.storage
}

// authAlias names what opens the server; host devices have no other secrets.
func (i *image) authAlias() string {
	if strings.HasSuffix(i.storage, "-backend") {
		return secretAlias(i.storage, "", 0)
	}
	return secretAlias(i.storage, "auth", 0)
}

// tls gives the name of the credentials for an image's server, empty when it goes without.
func (b *builder) tls(i *image) (alias string, conf StorageTLS) {
	n := i.Network
	if i.kind() != "network" || n == nil {
		return "", StorageTLS{}
	}
	switch n.Protocol {
	case "nbd":
		conf = b.env.Storage.NBD
	case "vxhs":
		conf = b.env.Storage.VxHS
	}
	if n.TLS == domain.Yes || !n.TLS.Given() && conf.Enabled {
		return "obj" + i.storage + "_tls0", conf
	}
	return "", conf
}

// imageObjects adds what the layers of an image refer to.
func (b *builder) imageObjects(i *image) {
	if r := i.Reservations; r != nil && r.Managed != domain.Yes {
		b.object(props("qom-type", "pr-manager-helper", "id", reservationsAlias(i), "path", r.Path))
	}
	if b.throughNBDKit(i) {
		b.encryptionObjects(i)
		return
	}
	if a := i.Auth; a != nil {
		kind := "iscsi"
		if i.Network != nil && i.Network.Protocol == "rbd" {
			kind = "ceph"
		}
		b.secret(i.authAlias(), kind, a.Secret)
	}
	if i.Network != nil && len(i.Network.Cookies) > 0 {
		b.secretValue(secretAlias(i.storage, "httpcookie", 0), []byte(CookieText(i.Network.Cookies)))
	}
	b.tlsObjects(i)
	b.encryptionObjects(i)
}

func (b *builder) encryptionObjects(i *image) {
	if e := i.Encryption; e != nil {
		for at, s := range e.Secrets {
			b.secret(secretAlias(i.encryptionAlias(), "encryption", at), "volume", s)
		}
	}
}

func (b *builder) tlsObjects(i *image) {
	alias, conf := b.tls(i)
	if alias == "" {
		return
	}
	p := props("qom-type", "tls-creds-x509", "id", alias, "dir", conf.Dir, "endpoint", "client")
	p.Bool("verify-peer", true)
	if conf.Secret != "" {
		key := secretAlias(alias, "", 0)
		b.secret(key, "tls", domain.SecretRef{UUID: conf.Secret})
		p.Str("passwordid", key)
	}
	b.object(p)
}

// CookieText is the header line of cookies.
func CookieText(cookies []domain.Cookie) string {
	text := ""
	for at, c := range cookies {
		if at > 0 {
			text += "; "
		}
		text += c.Name + "=" + c.Value
	}
	return text
}

// reservationsAlias names the helper for persistent reservations.
func reservationsAlias(i *image) string {
	if i.Reservations.Managed == domain.Yes {
		return "pr-helper0"
	}
	return "pr-helper-" + i.storage
}
