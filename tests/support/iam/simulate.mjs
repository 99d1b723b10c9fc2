// Evaluates requests by policies alone: a list of simulations on the standard input, a list of results on the output.
// The simulator is AGPL: it is a tool of the tests, run in a process of its own, and part of nothing that is shipped.
import { readFileSync } from 'node:fs'
import { runSimulation } from '@cloud-copilot/iam-simulate'

// AWS's reference lists one key for every `kms:EncryptionContext:...`, and the simulator forgets which one was meant.
// It does keep apart keys of tags: in requests and policies alike, the one stands for the other.
const input = readFileSync(0, 'utf8').replaceAll('"kms:EncryptionContext:', '"aws:RequestTag/kms:EncryptionContext:')

const results = []
for (const simulation of JSON.parse(input)) {
  const outcome = await runSimulation(simulation, {})
  // A key that the action does not have would make conditions fail that hold in truth.
  if (outcome.resultType !== 'single' || outcome.result.ignoredContextKeys.length) {
    throw new Error(`${JSON.stringify(outcome)} of ${JSON.stringify(simulation)}`)
  }
  results.push(outcome.overallResult)
}
process.stdout.write(JSON.stringify(results))
