module virtree.dev

go 1.26
