package connection

import (
	"os"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
)

// privileged says whether a client is the daemon's own user.
func privileged(who dispatch.Identity) bool { return who.UID == os.Geteuid() }

// authList offers what the socket asks for. Only "none" is built yet: a socket
// that wants another kind is not opened to anybody who would need it.
func (s *Service) authList(*dispatch.Call, *dispatch.Void) (*remote.AuthListRet, error) {
	return &remote.AuthListRet{Types: []int32{remote.AuthNone}}, nil
}

// errAuth is what clients get that try a kind of authentication which was not offered.
func errAuth() error {
	return virerr.New(virerr.FromRPC, virerr.AuthFailed, "authentication failed")
}

func authPolkit(*dispatch.Call, *dispatch.Void) (*remote.AuthPolkitRet, error) {
	return nil, errAuth()
}

func authSASLInit(*dispatch.Call, *dispatch.Void) (*remote.AuthSASLInitRet, error) {
	return nil, errAuth()
}

func authSASLStart(*dispatch.Call, *remote.AuthSASLStartArgs) (*remote.AuthSASLStartRet, error) {
	return nil, errAuth()
}

func authSASLStep(*dispatch.Call, *remote.AuthSASLStepArgs) (*remote.AuthSASLStepRet, error) {
	return nil, errAuth()
}
