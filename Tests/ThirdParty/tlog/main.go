// Command tlog checks a log with nothing but golang.org/x/mod/sumdb: note.Open, TileHashReader, CheckRecord, CheckTree.
//
// usage: tlog DIR|URL VKEY
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8 // tiles of 256 hashes

type prefix string

func (p prefix) read(path string) ([]byte, error) {
	if !strings.Contains(string(p), "://") {
		return os.ReadFile(string(p) + "/" + path)
	}
	answer, err := http.Get(string(p) + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, errors.New(path + ": " + answer.Status)
	}
	return io.ReadAll(answer.Body)
}

func (p prefix) Height() int { return height }

// ReadTiles maps the paths of x/mod, which name the height, to those of tlog-tiles.
func (p prefix) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range tiles {
		data, err := p.read(strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1))
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

func (p prefix) SaveTiles([]tlog.Tile, [][]byte) {}

// entries reads the bundle that begins at an index.
func (p prefix) entries(first, size int64) ([][]byte, error) {
	width := size - first
	if width > 256 {
		width = 256
	}
	tile := tlog.Tile{H: height, L: -1, N: first / 256, W: int(width)}
	path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/data/", height), "tile/entries/", 1)
	data, err := p.read(path)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, errors.New(path + " ends within an entry")
		}
		length := int(binary.BigEndian.Uint16(data))
		out, data = append(out, data[2:2+length]), data[2+length:]
	}
	if int64(len(out)) != width {
		return nil, errors.New(path + " has another number of entries")
	}
	return out, nil
}

func open(log prefix, vkey string) (tlog.Tree, error) {
	data, err := log.read("checkpoint")
	if err != nil {
		return tlog.Tree{}, err
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tlog.Tree{}, errors.New("checkpoint of another form")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// check rebuilds the root from the entries, and verifies proofs that come from the tiles.
func check(log prefix, tree tlog.Tree) (records, trees int, err error) {
	tiles := tlog.TileHashReader(tree, log)
	var stored []tlog.Hash
	inMemory := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, index := range indexes {
			out = append(out, stored[index])
		}
		return out, nil
	})
	for first := int64(0); first < tree.N; first += 256 {
		entries, err := log.entries(first, tree.N)
		if err != nil {
			return 0, 0, err
		}
		for offset, entry := range entries {
			hashes, err := tlog.StoredHashes(first+int64(offset), entry, inMemory)
			if err != nil {
				return 0, 0, err
			}
			stored = append(stored, hashes...)
		}
	}
	root, err := tlog.TreeHash(tree.N, inMemory)
	if err != nil || root != tree.Hash {
		return 0, 0, fmt.Errorf("the entries lead to another root (%v)", err)
	}
	for step, index := 0, int64(0); index < tree.N; step, index = step+1, index+1+tree.N/64 {
		for _, n := range []int64{index, tree.N - 1 - index} {
			proof, err := tlog.ProveRecord(tree.N, n, tiles)
			if err != nil {
				return 0, 0, err
			}
			entries, err := log.entries(n/256*256, tree.N)
			if err != nil {
				return 0, 0, err
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, tlog.RecordHash(entries[n%256])); err != nil {
				return 0, 0, err
			}
			records++
			old, err := tlog.TreeHash(n+1, inMemory)
			if err != nil {
				return 0, 0, err
			}
			consistency, err := tlog.ProveTree(tree.N, n+1, tiles)
			if err != nil {
				return 0, 0, err
			}
			if err := tlog.CheckTree(consistency, tree.N, tree.Hash, n+1, old); err != nil {
				return 0, 0, err
			}
			trees++
		}
	}
	return records, trees, nil
}

func run() error {
	if len(os.Args) != 3 {
		return errors.New("usage: tlog DIR|URL VKEY")
	}
	log := prefix(os.Args[1])
	tree, err := open(log, os.Args[2])
	if err != nil {
		return err
	}
	if tree.N == 0 { // x/mod has no empty tree
		empty := sha256.Sum256(nil)
		if !bytes.Equal(empty[:], tree.Hash[:]) {
			return errors.New("the empty log has another root")
		}
	}
	records, trees, err := check(log, tree)
	if err != nil && tree.N > 0 {
		return err
	}
	root := base64.StdEncoding.EncodeToString(tree.Hash[:])
	fmt.Printf("GOOD %d %s, %d records, %d trees\n", tree.N, root, records, trees)
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Println("BAD", err)
		os.Exit(1)
	}
}
