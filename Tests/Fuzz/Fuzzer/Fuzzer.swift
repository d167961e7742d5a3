import Glibc

/// What libFuzzer calls; `GLOVEBOX_FUZZ` names the reader that gets the bytes.
enum Fuzzer {
    /// The reader under test.
    nonisolated(unsafe) static var target: any FuzzTarget.Type = PlanTarget.self

    static func choose(_ name: String) {
        let targets: [any FuzzTarget.Type] = [
            ArchiveTarget.self, BundleTarget.self, CSVTarget.self, EventTarget.self, JSONTarget.self,
            MessageTarget.self, NotificationTarget.self, PNGTarget.self, PlanTarget.self, ReadbackTarget.self,
            SafetensorsTarget.self,
            StatementTarget.self, TPMTarget.self, YAMLTarget.self,
        ]
        guard let chosen = targets.first(where: { $0.name == name }) else {
            fatalError("GLOVEBOX_FUZZ is one of \(targets.map { $0.name })")
        }
        unsafe target = chosen
    }

    /// Writes what the mutations start from.
    static func writeSeeds(to directory: String) {
        for (index, seed) in unsafe target.seeds.enumerated() {
            guard let file = unsafe fopen("\(directory)/seed-\(index)", "w") else { fatalError("\(directory)") }
            unsafe fwrite(seed, 1, seed.count, file)
            unsafe fclose(file)
        }
    }
}

/// One reader: it may refuse any bytes and trap on none, and what it takes must be what it says.
protocol FuzzTarget {
    static var name: String { get }
    static var seeds: [[UInt8]] { get }
    static func read(_ bytes: [UInt8])
}

@_cdecl("LLVMFuzzerInitialize")
func initialize(_ count: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> CInt {
    func variable(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }
    Fuzzer.choose(variable("GLOVEBOX_FUZZ") ?? "")
    if let directory = variable("GLOVEBOX_FUZZ_SEEDS") { Fuzzer.writeSeeds(to: directory) }
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe Fuzzer.target.read(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
