// Properties are tried on the same cases in every run, so that a red run is about the change that caused it. Other cases:
// `FC_SEED=$RANDOM npm test -- properties`; a counterexample found becomes a test of its own.
import fc from 'fast-check'

const DEFAULT_SEED = 20_261_121

fc.configureGlobal({ seed: Number(process.env['FC_SEED'] ?? DEFAULT_SEED) })
