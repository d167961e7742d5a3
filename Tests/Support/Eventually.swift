import Glibc

/// Asks every 20 ms until it is so; false when it was not within a minute, so that a slow machine fails no test.
package func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    let end = now.tv_sec + 60
    while true {
        if try condition() { return true }
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        if now.tv_sec >= end { return false }
        usleep(20_000)
    }
}
