package observe

import (
	"fmt"
	"io"
	"net"
)

// Copy asks the daemon behind a socket and copies what it shows; with Follow it
// goes on until the daemon or the reader of w ends.
func Copy(w io.Writer, socket string, r Request) error {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return fmt.Errorf("no daemon shows its tree at %s: %w", socket, err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, r.String()+"\n"); err != nil {
		return err
	}
	_, err = io.Copy(w, conn)
	return err
}
