// Reads simulations, one JSON array on standard input, and writes their verdicts: a process of its own, since the
// simulator is licensed under the AGPL and no part of this project.
import { runSimulation } from '@cloud-copilot/iam-simulate'

const chunks = []
for await (const chunk of process.stdin) chunks.push(chunk)
const verdicts = []
for (const simulation of JSON.parse(Buffer.concat(chunks).toString('utf8'))) {
  const result = await runSimulation(simulation, {})
  if (result.resultType === 'error') throw new Error(JSON.stringify(result.errors))
  verdicts.push(result.overallResult)
}
process.stdout.write(JSON.stringify(verdicts))
