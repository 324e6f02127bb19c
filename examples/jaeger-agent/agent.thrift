include "jaeger.thrift"

/** What runs beside every program, and takes its spans. */
service Agent {
  oneway void emitBatch(1: jaeger.Batch batch)
}
