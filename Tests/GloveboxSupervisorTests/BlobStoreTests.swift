import Dispatch
import GloveboxCore
import Synchronization
import TestSupport
import Testing

@testable import GloveboxSupervisor

@Suite struct BlobStoreTests {
    @Test func `the same bytes kept by many at once are there whole`() throws {
        let store = try BlobStore(root: TestPrograms.scratch())
        let failures = Mutex<[String]>([])
        for round in 0..<40 {
            let bytes = [UInt8](repeating: UInt8(round), count: 20_000)
            DispatchQueue.concurrentPerform(iterations: 8) { _ in
                do throws(GloveboxError) {
                    guard try store.get(store.put(bytes)) == bytes else {
                        failures.withLock { $0.append("round \(round): other bytes") }
                        return
                    }
                } catch { failures.withLock { $0.append("round \(round): \(error.message)") } }
            }
        }
        #expect(failures.withLock { $0 }.isEmpty)
    }
}
