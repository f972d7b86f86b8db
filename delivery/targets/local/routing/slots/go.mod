module delivery/slots

go 1.21
