/**
 * Prints each record of all topics as a line of JSON: `node subscribe.js SERVERS REGISTRY GROUP`.
 */

import { ConfluentSchemaRegistry, Consumer } from '@platformatic/kafka'
import avro from 'avsc'

const DATASETS = ['events', 'sessions', 'messages', 'tool-calls', 'chunks', 'session-vectors', 'dead-letters']
const TOPICS = DATASETS.map(name => `sessiontrack.${name}.v1`)

// An Avro long has 64 bits, a JavaScript number holds 53 of them: as BigInt it stays exact.
const LONG = avro.types.LongType.__with({
  fromBuffer: (/** @type {Buffer} */ bytes) => bytes.readBigInt64LE(),
  toBuffer: (/** @type {bigint} */ value) => Buffer.from(BigInt64Array.of(value).buffer),
  fromJSON: BigInt,
  toJSON: String,
  isValid: (/** @type {unknown} */ value) => typeof value === 'bigint',
  compare: (/** @type {bigint} */ a, /** @type {bigint} */ b) => Number(a > b) - Number(a < b)
})

/** A value that is none of ours: who may write to a topic may write anything. */
class UnreadableError extends Error {}

/** Decodes values in the Confluent wire format: a zero byte, the schema id as four bytes, the Avro body. */
class Decoder {
  /** @type {Map<number, avro.Type>} */
  #types = new Map()
  #registry

  /** @param {string} url Base URL of the schema registry. */
  constructor (url) {
    this.#registry = new ConfluentSchemaRegistry({ url })
  }

  /**
   * The record in a value; null where there is none, in a tombstone: what was made of the records with its key is to be
   * deleted.
   * @param {Buffer | undefined} value
   * @returns {Promise<object | null>}
   */
  async decode (value) {
    if (value === undefined) return null
    if (value.length < 5 || value[0] !== 0) throw new UnreadableError('not framed')
    const id = value.readInt32BE(1)
    const type = this.#types.get(id) ?? await this.#fetch(id)
    try {
      return type.fromBuffer(value.subarray(5))
    } catch (cause) {
      throw new UnreadableError(`not of schema ${id}`, { cause })
    }
  }

  /**
   * The type with this id, which never changes its meaning.
   * @param {number} id
   */
  async #fetch (id) {
    /** @type {PromiseWithResolvers<void>} */
    const { promise, resolve, reject } = Promise.withResolvers()
    this.#registry.fetchSchema(id, error => error ? reject(error) : resolve())
    await promise.catch(error => {
      throw error.message.includes('HTTP 404') ? new UnreadableError(`of unknown schema ${id}`) : error
    })
    const fetched = /** @type {avro.Type} */ (this.#registry.get(id)?.schema)
    const type = avro.Type.forSchema(fetched.schema({ exportAttrs: true }), { registry: { long: LONG } })
    this.#types.set(id, type)
    return type
  }
}

/**
 * @param {object} line
 * @returns {string} Its JSON: longs in full, bytes in hexadecimal.
 */
function json (line) {
  return JSON.stringify(line, function (name, value) {
    if (Buffer.isBuffer(this[name])) return this[name].toString('hex')
    // TypeScript does not know rawJSON yet.
    return typeof value === 'bigint' ? /** @type {any} */ (JSON).rawJSON(value) : value
  })
}

const [servers = '', url = '', groupId = ''] = process.argv.slice(2)
const decoder = new Decoder(url)
const consumer = new Consumer({ groupId, clientId: groupId, bootstrapBrokers: servers.split(','), autocommit: false })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => consumer.close(true))

const stream = await consumer.consume({ topics: TOPICS, mode: 'committed', fallbackMode: 'earliest' })
for await (const record of stream) {
  const line = { at: `${record.topic}/${record.partition}/${record.offset}`, key: record.key?.toString() ?? '' }
  try {
    console.log(json({ ...line, value: await decoder.decode(record.value) }))
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error
    console.log(json({ ...line, error: error.message }))
  }
  await record.commit()
}
