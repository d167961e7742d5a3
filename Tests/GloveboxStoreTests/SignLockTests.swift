import Foundation
import GloveboxCore
import GloveboxStore
import GloveboxTransparency
import Testing

/// One state directory signs for a log, and one process.
@Suite struct SignLockTests {
    private let site: Site

    init() throws {
        site = try Site()
        try site.withLog { log throws in _ = try log.append(Site.events(2)) }
    }

    /// The whole state directory copied, as `cp -a` does.
    private func copy() throws -> Site {
        let twin = try Site(create: false)
        for part in try FileManager.default.contentsOfDirectory(atPath: site.path) {
            try FileManager.default.copyItem(atPath: "\(site.path)/\(part)", toPath: "\(twin.path)/\(part)")
        }
        return twin
    }

    @Test func `a copied state directory is refused with both named, before anything is written`() throws {
        let twin = try copy()
        let before = try twin.read("sign-lock/slots")
        do {
            try twin.open().close()
            Issue.record("a copy was opened")
        } catch let error as GloveboxError {
            #expect(error.code == "log.copied")
            #expect(error.message.contains(site.path) && error.message.contains(twin.path), "\(error.message)")
        }
        #expect(try twin.read("sign-lock/slots") == before)
        #expect(try site.withLog { log throws in try log.append(Site.events(1)) } == [2])
    }

    @Test func `a renamed state directory is the same one`() throws {
        let place = site.path + "-elsewhere"
        try FileManager.default.moveItem(atPath: site.path, toPath: place)
        defer { try? FileManager.default.moveItem(atPath: place, toPath: site.path) }
        let log = try LogWriter(
            opening: place,
            signer: site.signer,
            bodyKey: [UInt8](repeating: 3, count: 32),
            context: site.context,
            segmentBytes: 1 << 16
        )
        defer { log.close() }
        #expect(try log.append(Site.events(1)) == [2])
    }

    @Test func `a copy is adopted when the first is gone, and not while it is there`() throws {
        let twin = try copy()
        let layout = LogLayout(state: twin.path)
        #expect(Site.code { try LogWriter.adopt(at: layout) } == "log.copied")
        try FileManager.default.moveItem(atPath: site.path, toPath: site.path + "-gone")
        defer { try? FileManager.default.removeItem(atPath: site.path + "-gone") }
        try LogWriter.adopt(at: layout)
        #expect(try twin.withLog { log throws in try log.append(Site.events(1)) } == [2])
    }

    @Test func `a sign-lock on other storage serves one directory`() throws {
        let place = site.path + "-lock"
        try FileManager.default.moveItem(atPath: site.path + "/sign-lock", toPath: place)
        defer { try? FileManager.default.removeItem(atPath: place) }
        func open(_ state: Site) throws {
            let layout = LogLayout(state: state.path, signLock: place)
            let log = try LogWriter(
                opening: layout,
                signer: site.signer,
                bodyKey: [UInt8](repeating: 3, count: 32),
                context: site.context,
                segmentBytes: 1 << 16
            )
            defer { log.close() }
            _ = try log.append(Site.events(1))
        }
        #expect(site.refusal() == "store.io" || site.refusal() == "log.sign-lock", "it is not where it was")
        try open(site)
        let twin = try copy()
        #expect(Site.code { try open(twin) } == "log.copied")
        try FileManager.default.copyItem(atPath: place, toPath: site.path + "/sign-lock")
        #expect(Site.code { try open(site) } == "log.sign-lock", "there are two")
    }

    @Test func `nothing is signed over what another program wrote`() throws {
        let log = try site.open()
        _ = try log.append(Site.events(1))
        var slots = try site.read("sign-lock/slots")
        slots[30] ^= 1
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: site.path + "/sign-lock/slots"))
        try file.write(contentsOf: Data(slots))
        try file.close()
        #expect(Site.code { _ = try log.append(Site.events(1)) } == "log.unavailable")
        #expect(log.refusal?.message.contains("another program") == true)
        log.close()
        #expect(try site.read("sign-lock/slots") == slots)
    }

    @Test func `a sign-lock of an earlier version is taken once, and names its directory from then on`() throws {
        var slots = try site.read("sign-lock/slots")
        for start in [0, 4096] {
            var slot = Array(slots[start..<start + 4096])
            guard slot[0] == UInt8(ascii: "G") else { continue }
            slot[5] = 1
            let end = 18 + Int(slot[16]) << 8 + Int(slot[17])
            slot = Array(slot[..<end])
            slot += Self.checksum(slot) + [UInt8](repeating: 0, count: 4096 - end - 4)
            slots.replaceSubrange(start..<start + 4096, with: slot)
        }
        try site.write("sign-lock/slots", slots)
        #expect(site.refusal() == nil)
        #expect(try copy().refusal() == "log.copied")
    }

    /// CRC-32C, bit by bit.
    private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        var value = UInt32.max
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
        }
        return (~value).bigEndianBytes
    }
}
