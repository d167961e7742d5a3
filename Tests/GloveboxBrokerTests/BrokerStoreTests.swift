import Glibc
import GloveboxCore
import GloveboxPolicy
import GloveboxPrivacy
import GloveboxStore
import TestSupport
import Testing

@testable import GloveboxBroker

/// Ledger and keys are one: neither can be put back without the other.
@Suite struct BrokerStoreTests {
    private static func new() throws -> String {
        let path = try TestPrograms.scratch()
        try SecretSealing.create(path + "/secret")
        try BrokerStore.create(path, sealing: SecretSealing(path + "/secret"))
        return path
    }

    private static func open(_ path: String) throws -> BrokerStore {
        try BrokerStore(path, sealing: SecretSealing(path + "/secret"))
    }

    private static func bytes(_ path: String) throws -> [UInt8] {
        let file = try OwnedFile(path, .read)
        return try file.read(at: 0, count: file.status().size)
    }

    private static func put(_ bytes: [UInt8], at path: String) throws {
        let slash = try #require(path.lastIndex(of: "/"))
        try Directory(String(path[..<slash])).replace(
            String(path[path.index(after: slash)...]),
            with: bytes,
            permissions: 0o600
        )
    }

    static func grant(_ name: String, at time: Int64 = 1_780_000_000) -> KeyGrant {
        KeyGrant(
            request: Digest(sha256: Array(name.utf8)),
            job: name,
            project: "prj_1",
            plan: .zero,
            policy: .zero,
            basePolicy: .zero,
            start: .zero,
            hpkeKey: [UInt8](repeating: 1, count: 32),
            commitment: .zero,
            trustVersion: 3,
            time: Instant(seconds: time)
        )
    }

    @Test func `what was added is there after opening again`() throws {
        let path = try Self.new()
        var store: BrokerStore? = try Self.open(path)
        let key = try store?.keyEncryptionKey()
        try store?.add(.enrolled(EnrolledKey(file: "dsv_1", commitment: .zero, wrapped: [1, 2, 3])))
        try store?.add(.granted(Self.grant("job_1")))
        try store?.add(.released(request: Self.grant("job_1").request, index: 7, size: 9))
        let charge = PrivacyLedger.Charge(lineage: "d", project: "prj_1", rho: Rho(units: 5), key: .zero)
        try store?.add(.charged(charge, request: .zero))
        try store?.add(.split(from: "d", into: "e"))
        let state = try #require(store?.state)
        #expect(throws: GloveboxError("log.locked", "")) { try Self.open(path) }
        store = nil
        let again = try Self.open(path)
        #expect(again.state == state && state.count == 5)
        #expect(try again.keyEncryptionKey() == key)
        #expect(again.book.keys["dsv_1"]?.wrapped == [1, 2, 3])
        #expect(again.book.grants[Self.grant("job_1").request] == Self.grant("job_1"))
        #expect(again.book.released.count == 1 && again.book.logSize == 9 && again.book.trustVersion == 3)
        #expect(again.book.noise.spent(lineage: "d") == Rho(units: 5))
        #expect(again.book.noise.spent(lineage: "e") == Rho(units: 5), "a split gives nothing back")
    }

    @Test(arguments: ["ledger", "kek", "secret"])
    func `a part that was put back, cut or changed opens no key`(part: String) throws {
        let path = try Self.new()
        try Self.open(path).add(.granted(Self.grant("job_1")))
        let old = try Self.bytes(path + "/" + part)
        try Self.open(path).add(.granted(Self.grant("job_2")))
        try Self.open(path).add(.granted(Self.grant("job_3")))
        let new = try Self.bytes(path + "/" + part)
        let changed = new.dropLast() + [new[new.count - 1] ^ 1]
        for wrong in [old, Array(new.dropLast(3)), Array(changed)] where wrong != new {
            try Self.put(wrong, at: path + "/" + part)
            let error = #expect(throws: GloveboxError.self) { try Self.open(path) }
            #expect(["kbs.rollback", "broker.key"].contains(error?.code))
        }
        try Self.put(new, at: path + "/" + part)
        #expect(try Self.open(path).state.count == 3, "the newest copy opens")
    }

    @Test func `an entry that nobody was told of is cut off`() throws {
        let path = try Self.new()
        try Self.open(path).add(.granted(Self.grant("job_1")))
        let sealed = try Self.bytes(path + "/kek")
        try Self.open(path).add(.granted(Self.grant("job_2")))
        // As a crash leaves it between the entry and the key that is sealed for it; then with an entry torn in two.
        try Self.put(sealed, at: path + "/kek")
        try Self.put(Self.bytes(path + "/ledger") + [0, 0, 1, 0, 0x7b], at: path + "/ledger")
        let store = try Self.open(path)
        #expect(store.state.count == 1 && store.book.grants.count == 1)
        try store.add(.granted(Self.grant("job_3")))
        #expect(store.state.count == 2)
    }

    private static let secret = [UInt8](repeating: 9, count: 32)

    /// Opens as with a TPM whose counter stands there.
    private static func open(_ path: String, counter: UInt64, adopting: Bool = false) throws -> BrokerStore {
        let secret = try SealingSecret(Self.secret, keeper: "tpm2", counter: counter, adopts: adopting)
        return try BrokerStore(path, sealing: CountedSealing(secret))
    }

    @Test func `a store that is bound to a counter opens for no value gone by`() throws {
        let path = try TestPrograms.scratch()
        try BrokerStore.create(path, sealing: SecretSealing(secret: Self.secret))
        try BrokerStore(path, sealing: SecretSealing(secret: Self.secret)).add(.granted(Self.grant("job_0")))
        #expect(throws: GloveboxError("kbs.rollback", "")) { try Self.open(path, counter: 140) }
        #expect(try Self.open(path, counter: 140, adopting: true).count == 140)
        // Without the TPM the same bytes open nothing any more.
        #expect(throws: GloveboxError("kbs.rollback", "")) {
            try BrokerStore(path, sealing: SecretSealing(secret: Self.secret))
        }
        let old = try ["ledger", "kek"].map { ($0, try Self.bytes(path + "/" + $0)) }
        var store: BrokerStore? = try Self.open(path, counter: 140)
        let key = try store?.keyEncryptionKey()
        try store?.add(.granted(Self.grant("job_1")))
        try store?.add(.granted(Self.grant("job_2")))
        #expect(store?.count == 142)
        store = nil
        // As after a crash before the counter moved, and when it has.
        #expect(try Self.open(path, counter: 140).count == 142)
        #expect(try Self.open(path, counter: 142).count == 142)
        let behind = #expect(throws: GloveboxError.self) { try Self.open(path, counter: 143) }
        #expect(behind?.code == "kbs.rollback" && behind?.message.contains("1 entries ahead") == true)
        let new = try ["ledger", "kek"].map { ($0, try Self.bytes(path + "/" + $0)) }
        // The whole directory put back is of one state, and of a value gone by.
        for (name, bytes) in old { try Self.put(bytes, at: path + "/" + name) }
        #expect(throws: GloveboxError("kbs.rollback", "")) { try Self.open(path, counter: 142) }
        #expect(try Self.open(path, counter: 140).state.count == 1, "the counter decides, not the store")
        // Another value than the key was sealed for: the number in the file is held by the encryption.
        var forged = new[1].1
        forged[12] &+= 1
        for (name, bytes) in new { try Self.put(bytes, at: path + "/" + name) }
        try Self.put(forged, at: path + "/kek")
        #expect(throws: GloveboxError("kbs.rollback", "")) { try Self.open(path, counter: 142) }
        try Self.put(new[1].1, at: path + "/kek")
        #expect(throws: GloveboxError("kbs.store", "")) { try Self.open(path, counter: 77) }
        // The owner accepts what a backup has; from then on it counts from there.
        for (name, bytes) in old { try Self.put(bytes, at: path + "/" + name) }
        #expect(try Self.open(path, counter: 142, adopting: true).count == 142)
        for (name, bytes) in new { try Self.put(bytes, at: path + "/" + name) }
        try Self.put(old[0].1, at: path + "/ledger")
        #expect(throws: GloveboxError("kbs.rollback", "")) { try Self.open(path, counter: 142) }
        for (name, bytes) in old { try Self.put(bytes, at: path + "/" + name) }
        let again = try Self.open(path, counter: 142, adopting: true)
        #expect(try again.keyEncryptionKey() == key)
        try again.add(.granted(Self.grant("job_3")))
        #expect(again.count == 143)
    }

    @Test func `runs of a day are counted by project and policy`() throws {
        var book = BrokerBook()
        for (name, time) in [("a", 100), ("b", 200), ("c", 300)] as [(String, Int64)] {
            try book.apply(.granted(Self.grant(name, at: time)))
        }
        #expect(book.runs(of: "prj_1", policy: .zero, since: Instant(seconds: 150)) == 2)
        #expect(book.runs(of: "prj_2", policy: .zero, since: Instant(seconds: 0)) == 0)
        #expect(book.runs(of: "prj_1", policy: Digest(sha256: [1]), since: Instant(seconds: 0)) == 0)
    }
}
