// Command cert-thief shows a server a certificate whose key it does not have,
// by TLS 1.2 and by TLS 1.3, and says for each whether it was let in.
//
//	cert-thief NETWORK ADDRESS < CERTIFICATE.pem
package main

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// preface is how an HTTP/2 client begins: its magic, and empty settings.
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"

func attempt(network, address string, stolen tls.Certificate, version uint16) error {
	connection, err := tls.Dial(network, address, &tls.Config{
		InsecureSkipVerify: true,
		NextProtos:         []string{"h2"},
		MinVersion:         version,
		MaxVersion:         version,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &stolen, nil
		},
	})
	if err != nil {
		return err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(connection, preface); err != nil {
		return err
	}
	// Whoever is let in gets the server's settings.
	_, err = connection.Read(make([]byte, 1))
	return err
}

func run() error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	block, _ := pem.Decode(text)
	if block == nil || len(os.Args) != 3 {
		return errors.New("usage: cert-thief NETWORK ADDRESS < CERTIFICATE.pem")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	public, isEcdsa := certificate.PublicKey.(*ecdsa.PublicKey)
	if !isEcdsa {
		return errors.New("not a key of a curve")
	}
	// A key of its own, on the same curve.
	key, err := ecdsa.GenerateKey(public.Curve, rand.Reader)
	if err != nil {
		return err
	}
	stolen := tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: key}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		if err := attempt(os.Args[1], os.Args[2], stolen, version); err != nil {
			fmt.Println(tls.VersionName(version), "refused")
			fmt.Fprintln(os.Stderr, err)
		} else {
			fmt.Println(tls.VersionName(version), "let in")
		}
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
