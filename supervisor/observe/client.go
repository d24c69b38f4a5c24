package observe

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// complaint begins the answer to a request that cannot be met.
const complaint = "error: "

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
	answer := bufio.NewReader(conn)
	if mark, err := answer.Peek(len(complaint)); err == nil && string(mark) == complaint {
		text, err := io.ReadAll(io.LimitReader(answer, maxLine))
		return errors.Join(errors.New(strings.TrimSpace(strings.TrimPrefix(string(text), complaint))), err)
	}
	_, err = io.Copy(w, answer)
	return err
}
