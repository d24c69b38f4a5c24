// Mkboot writes the boot sector of package guest into a file.
package main
