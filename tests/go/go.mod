module plimsoll/tests/go

go 1.19
