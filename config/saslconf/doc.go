// Package saslconf reads what an administrator says about SASL: libvirt's own file,
// /etc/sasl2/libvirt.conf, and who the users are.
//
//	mech_list: scram-sha-256 gssapi   what is offered
//	keytab: /etc/libvirt/krb5.tab     the key of Kerberos, for GSSAPI
//	users_path: /etc/libvirt/sasl.users
//	sasldb_path: /etc/libvirt/passwd.db
//
// A file of users is ours: one line a user and secret, readable by its owner alone.
//
//	# name:verifier, or name:plain:password
//	bob:SCRAM-SHA-256$15000:salt$StoredKey:ServerKey
//	ann:plain:a secret
//
// Everything is read when somebody authenticates, so that changes count at once.
package saslconf
