// Package account finds the numbers of users and groups by what an administrator
// writes: a name, a number, or "+7", which is a number even where somebody is called 7.
package account
