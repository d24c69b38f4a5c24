package connection

import (
	"os"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
)

// privileged says whether a client is the daemon's own user.
func privileged(who dispatch.Identity) bool { return who.UID == os.Geteuid() }

// authList offers what the client still needs. A guarded socket asks for
// polkit, which is not built yet and so lets nobody in.
func (s *Service) authList(c *dispatch.Call, _ *dispatch.Void) (*remote.AuthListRet, error) {
	need := int32(remote.AuthNone)
	if !c.Session.Authenticated() {
		need = remote.AuthPolkit
	}
	return &remote.AuthListRet{Types: []int32{need}}, nil
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
