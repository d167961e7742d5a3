package import GloveboxCore
package import GloveboxPolicy
package import GloveboxTables

/// Clips the update of a federated round as a whole and adds noise to each number: integers alone between the file that
/// the job left and the one that leaves.
///
/// What is protected is one site's whole part in the round. Source: release policy section 12.
package struct UpdateMechanism: Hashable, Sendable {
    /// Numbers are multiples of 2^-places.
    package let places: Int
    /// The greatest length of an update, in multiples.
    package let clip: UInt128
    /// The variance of the noise on each number, in squared multiples.
    package let variance: GaussianVariance
    /// What a round costs.
    package let rho: Rho

    /// Takes clipping norm, noise multiplier and lattice of a policy.
    ///
    /// - Throws: `policy.not-enforced`, `privacy.scale`, `privacy.overflow`.
    package init(_ policy: OutputPolicy) throws(GloveboxError) {
        guard let mechanism = policy.privacy.mechanism, mechanism.noise == .discreteGaussian,
            let norm = mechanism.clipL2, let factor = mechanism.noiseMultiplier?.scaled(decimals: 6),
            let unit = policy.privacy.unit, unit.column == "site"
        else {
            throw GloveboxError(
                "policy.not-enforced",
                "an update needs privacy_unit.column site and a mechanism with clip_l2, noise_multiplier and "
                    + "discrete-gaussian noise"
            )
        }
        places = mechanism.latticeBits
        guard let length = (Ratio(norm) * Ratio(BigInteger(UInt128(1) << UInt128(places)))).floor.int128, length > 0
        else { throw GloveboxError("privacy.scale", "the clipping norm is below one step of the lattice") }
        clip = length.magnitude
        // (z·C)², with z in units of 10^-6.
        let (million, z) = (UInt128(1_000_000), UInt128(factor))
        let scaled = try Exact.product(z, clip)
        variance = try GaussianVariance(atLeast: Exact.product(scaled, scaled), million * million)
        // Another site in the place of one moves the sum of both by up to twice the length.
        let sites: UInt128 = unit.neighbour == .changeOne ? 4 : 1
        rho = try Rho(atLeast: Exact.product(sites, million * million), Exact.product(2, Exact.product(z, z)))
    }

    /// What a round costs, with the noise on each number.
    ///
    /// - Throws: `privacy.overflow`.
    package func forecast(_ policy: OutputPolicy) throws(GloveboxError) -> AnswerForecast {
        let law = try Noise(.gaussian(variance)).report(of: "number", decimals: 0, count: UInt128(1) << UInt128(places))
        return AnswerForecast(policy, [law], cost: rho)
    }

    /// The numbers of an update as multiples, tensor after tensor, no longer than the clipping norm; nil when one is
    /// 2^40 multiples or more.
    ///
    /// - Throws: `privacy.overflow`.
    package func clipped(_ update: CheckedModel) throws(GloveboxError) -> [Int64]? {
        var values: [Int64] = []
        values.reserveCapacity(update.parameterCount)
        var squares: UInt128 = 0
        for bits in update.tensors.lazy.flatMap(\.bits) {
            guard let value = LatticeNumber.nearest(bits, places: places) else { return nil }
            squares = try Exact.sum(squares, UInt128(value.magnitude) * UInt128(value.magnitude))
            values.append(value)
        }
        guard squares > clip * clip else { return values }
        let root = Exact.squareRoot(squares)
        let length = Int128(root * root == squares ? root : root + 1)
        // Each magnitude is rounded down, so that the length is not above the norm.
        return values.map { Int64(Int128($0) * Int128(clip) / length) }
    }

    /// The update that leaves: clipped, with noise, in single precision; nil as ``clipped(_:)``.
    ///
    /// The charge must be durable before this is called, and what it returns must be kept: a second call draws anew.
    /// - Throws: `privacy.overflow`, and what the source throws.
    package func release<Random: RandomSource>(
        _ update: CheckedModel,
        random: Random
    ) throws(GloveboxError) -> CheckedModel? {
        guard let values = try clipped(update) else { return nil }
        var sampler = Sampler(random)
        var rest = values[...]
        var tensors: [CheckedModel.Tensor] = []
        for tensor in update.tensors {
            var bits: [UInt32] = []
            for value in rest.prefix(tensor.bits.count) {
                let noisy = try Exact.sum(Int128(value), sampler.gaussian(variance))
                guard let short = Int64(exactly: noisy) else { throw Exact.overflow }
                bits.append(LatticeNumber.single(short, places: places))
            }
            rest = rest.dropFirst(tensor.bits.count)
            tensors.append(CheckedModel.Tensor(name: tensor.name, shape: tensor.shape, bits: bits))
        }
        return CheckedModel(tensors)
    }
}
