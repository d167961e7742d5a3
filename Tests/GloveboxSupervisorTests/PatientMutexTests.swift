import Dispatch
import GloveboxCore
import Testing

@testable import GloveboxSupervisor

@Suite struct PatientMutexTests {
    @Test func `lets one in at a time, and gives way when a closure throws`() {
        let lock = PatientMutex(0)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for number in 0..<1000 {
                do {
                    try lock.withLock { (value) throws(GloveboxError) in
                        value += 1
                        if number.isMultiple(of: 2) { throw GloveboxError("test", "thrown") }
                    }
                } catch {}
            }
        }
        #expect(lock.withLock { $0 } == 8000)
    }
}
