import Crypto
import GloveboxCore
import GloveboxStore
import GloveboxTransparency
import Testing

@Suite struct BodyKeysTests {
    private let root = [UInt8](0..<32)
    private let indexes: [UInt64] = [0, 1, 15, 16, 17, 255, 256, 4095, 65_536, 1 << 32, UInt64(Int64.max)]

    @Test func `gives each entry a key of its own, the same whatever was asked before`() throws {
        var keys = try BodyKeys(parsing: root)
        let forward = indexes.map { keys.key($0) }
        #expect(Set(forward).count == indexes.count && forward.allSatisfy { $0?.count == 32 })
        #expect(Array(indexes.reversed().map { keys.key($0) }.reversed()) == forward)
        #expect(keys.bytes == root)
    }

    @Test func `derives a key by sixteen HMACs, one for each digit of the index`() throws {
        for index in indexes {
            var seed = root
            for depth in 0..<16 as Range<UInt64> {
                let digit = UInt8(index >> (60 - 4 * depth) & 15)
                seed = Array(HMAC<SHA256>.authenticationCode(for: [digit], using: SymmetricKey(data: seed)))
            }
            var keys = try BodyKeys(parsing: root)
            #expect(keys.key(index) == seed)
        }
    }

    @Test func `destroys the keys it is told to, and no other`() throws {
        var keys = try BodyKeys(parsing: root)
        let all = Array(0..<300 as Range<UInt64>) + indexes.suffix(3)
        let before = all.map { keys.key($0) }
        let gone: Set<UInt64> = [0, 17, 18, 255, 1 << 32]
        for index in gone { keys.destroy(index) }
        var again = try BodyKeys(parsing: keys.bytes)
        #expect(again.bytes == keys.bytes)
        let expected = zip(all, before).map { gone.contains($0) ? nil : $1 }
        #expect(all.map { keys.key($0) } == expected && all.map { again.key($0) } == expected)
        // What is left holds neither the destroyed keys nor the root they came from.
        let left = Set(stride(from: 13, to: keys.bytes.count, by: 41).map { Array(keys.bytes[$0..<$0 + 32]) })
        #expect(left.isDisjoint(with: [root] + zip(all, before).filter { gone.contains($0.0) }.compactMap(\.1)))
        keys.destroy(17)
        #expect(keys.bytes == again.bytes, "what is destroyed cannot be destroyed again")
    }

    @Test func `refuses damaged bytes`() throws {
        var keys = try BodyKeys(parsing: root)
        keys.destroy(3)
        for bytes in [
            [], Array(root.dropLast()), Array(keys.bytes.dropLast()), [0] + keys.bytes.dropFirst(),
            keys.bytes + keys.bytes.dropFirst(4),
        ] {
            #expect(throws: GloveboxError("key.format", "")) { try BodyKeys(parsing: bytes) }
        }
    }

    @Test func `an erased body is gone, its proof stays, and the rest can be read`() throws {
        let site = try Site()
        try site.withLog { log in
            _ = try log.append(Site.events(40))
            var kept: [UInt8] = []
            #expect(throws: GloveboxError("store.io", "")) {
                try log.destroyBody(7) { (_) throws(GloveboxError) in throw GloveboxError("store.io", "full") }
            }
            #expect(try log.entry(7).body != nil, "a key that could not be replaced is not destroyed")
            try log.destroyBody(7) { kept = $0 }
            let erased = try log.entry(7)
            #expect(erased.body == nil && erased.isErased)
            _ = try log.proof(7).proof.verify(entry: erased.leaf, log: log.key)
            for index in 0..<40 as Range<UInt64> where index != 7 { #expect(try log.entry(index).body != nil) }
            _ = try log.append(Site.events(2))
            #expect(try log.entry(41).body != nil)
            #expect(try BodyKeys(parsing: kept).bytes == kept)
        }
    }
}
