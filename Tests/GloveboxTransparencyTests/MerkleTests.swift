import GloveboxCore
import GloveboxTransparency
import Testing

@Suite struct MerkleTests {
    @Test func `knows the roots of the specification at every size`() throws {
        var edge = CompactRange()
        let tree = Fixtures.tree
        for (size, root) in Fixtures.roots.enumerated() {
            #expect(try tree.root(size: UInt64(size)).hex == root)
            #expect(edge.root.hex == root)
            if size < 8 { edge.append(Fixtures.entries[size]) }
        }
    }

    @Test func `hashes leaves and nodes apart`() throws {
        let leaf = MerkleHash.leaf(Array("L123456".utf8))
        #expect(leaf.hex == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56")
        #expect(MerkleHash.leaf(Array(repeating: 1, count: 64)) != MerkleHash.leaf([]))
    }

    @Test func `gives the paths of the specification`() throws {
        let tree = Fixtures.tree
        let path = try tree.inclusion(index: 5, size: 8).map(\.hex)
        #expect(
            path == [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0", Fixtures.roots[4],
            ]
        )
        let consistency = try tree.consistency(old: 3, new: 8).map(\.hex)
        #expect(
            consistency == [
                "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
                "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7", Fixtures.roots[2],
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ]
        )
    }

    @Test func `proves every entry of every size up to 70`() throws {
        var tree = MerkleTree()
        for size in 1...UInt64(70) {
            tree.append([UInt8(size)])
            for index in 0..<size {
                let path = try tree.inclusion(index: index, size: size)
                let leaf = MerkleHash.leaf([UInt8(index + 1)])
                try MerkleProof.verifyInclusion(leaf: leaf, index: index, size: size, root: tree.root, path: path)
                for wrong in [path + [.zero], Array(path.dropLast())] where wrong.count != path.count {
                    let code = Fixtures.code {
                        try MerkleProof.verifyInclusion(
                            leaf: leaf,
                            index: index,
                            size: size,
                            root: tree.root,
                            path: wrong
                        )
                    }
                    #expect(code == "log.proof-length")
                }
                let other = Fixtures.code {
                    try MerkleProof.verifyInclusion(leaf: .zero, index: index, size: size, root: tree.root, path: path)
                }
                #expect(other == "log.root-mismatch")
            }
        }
    }

    @Test func `proves every pair of sizes up to 40 and refuses another history`() throws {
        var tree = MerkleTree()
        for entry in 0..<UInt8(40) { tree.append([entry]) }
        for new in 0...UInt64(40) {
            for old in 0...new {
                let proof = try tree.consistency(old: old, new: new)
                let before = (size: old, root: try tree.root(size: old))
                let after = (size: new, root: try tree.root(size: new))
                try MerkleProof.verifyConsistency(old: before, new: after, proof: proof)
                let fork = Fixtures.code {
                    try MerkleProof.verifyConsistency(old: (old, .zero), new: after, proof: proof)
                }
                #expect(fork == "log.fork")
                let long = Fixtures.code {
                    try MerkleProof.verifyConsistency(old: before, new: after, proof: proof + [.zero])
                }
                #expect(long == "log.proof-length")
            }
        }
    }

    @Test func `refuses sizes and indexes outside the tree`() throws {
        let tree = Fixtures.tree
        #expect(Fixtures.code { _ = try tree.root(size: 9) } == "log.size")
        #expect(Fixtures.code { _ = try tree.inclusion(index: 8, size: 8) } == "log.index")
        #expect(Fixtures.code { _ = try tree.consistency(old: 4, new: 3) } == "log.size")
        let back = Fixtures.code {
            try MerkleProof.verifyConsistency(old: (8, tree.root), new: (7, tree.root), proof: [])
        }
        #expect(back == "log.rollback")
        let none = Fixtures.code {
            try MerkleProof.verifyInclusion(leaf: .zero, index: 0, size: 0, root: .zero, path: [])
        }
        #expect(none == "log.index")
    }
}
