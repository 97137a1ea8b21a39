import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { CompileError } from '../guard';
import { sha256 } from '../../../platform/node';
import { NativeBackend, TensorMetadata } from '../../engines/native/addon';
import { releasePages } from '../../engines/native/pages';
import { xlaStore } from '../../engines/native/xla-store';
import { FunctionDefinition, GraphNode, savedModel, sessionConfig, SessionThreads } from './proto';

/** A graph loaded into TensorFlow. */
export class Session {
  private id: number | undefined;
  /** what is run for the first time, and compiled by it; undefined afterwards, and without XLA */
  private fresh: Uint8Array | undefined;

  /**
   * @param on the threads that run it
   */
  constructor(
    private readonly backend: NativeBackend,
    private readonly nodes: readonly GraphNode[],
    functions: readonly FunctionDefinition[] = [],
    private readonly on: SessionThreads = {},
  ) {
    const model = savedModel(nodes, functions);
    this.id = this.load(model);
    if (nodes.some(({ attributes: { _XlaMustCompile: must, _XlaCompile: may } }) => must ?? may)) this.fresh = model;
  }

  /**
   * Runs the graph: ids of the fed tensors in, metadata of the fetched ones out.
   *
   * @param shapes of the fed tensors: XLA compiles for them. Without them what it compiles is not kept for other processes
   */
  run(ids: number[], inputNames: string, outputNames: string, shapes?: number[][]): TensorMetadata[] {
    if (this.id === undefined) throw new CompileError('This compiled step has been disposed.');
    const model = this.fresh;
    this.fresh = undefined;
    const run = () => this.backend.binding.runSavedModel(this.id!, ids, inputNames, outputNames);
    if (model) releasePages(); // what loading the graph has read
    const anew = () => {
      this.dispose();
      this.id = this.load(model!);
    };
    try {
      const store = model && shapes && xlaStore();
      return store
        ? store.firstRun(sha256(JSON.stringify([shapes, this.on.threads ?? null]), model).slice(0, 32), { run, anew })
        : run();
    } catch (error) {
      throw new CompileError(`TensorFlow could not run the graph of the step: ${explain(error, this.nodes)}`, {
        cause: error,
      });
    } finally {
      if (model) releasePages(); // what compiling has read
    }
  }

  dispose(): void {
    if (this.id !== undefined) this.backend.binding.deleteSavedModel(this.id);
    this.id = undefined;
  }

  /**
   * Writes the graph to a temporary folder, loads it, and removes the folder: TensorFlow's C interface loads graphs from
   * SavedModel folders only. The settings of the session lie beside it, where native/session.h finds them.
   */
  private load(model: Uint8Array): number {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), `bnlab-graph-${process.pid}-`));
    try {
      fs.writeFileSync(path.join(folder, 'saved_model.pb'), model);
      const gpu = this.backend.binding.isUsingGpuDevice();
      fs.writeFileSync(path.join(folder, 'session_config.pb'), sessionConfig({ gpu, ...this.on }));
      return this.backend.binding.loadSavedModel(folder, 'serve');
    } catch (error) {
      throw new CompileError(`TensorFlow did not accept the graph of the step: ${explain(error, this.nodes)}`, {
        cause: error,
      });
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** TensorFlow's message, with the operation that its node names stand for. */
function explain(error: unknown, nodes: readonly GraphNode[]): string {
  const message = error instanceof Error ? error.message : String(error);
  const named = /step\/\w+/.exec(message)?.[0];
  const node = nodes.find(({ name }) => name === named);
  return node ? `${message} (operation ${node.op}, attributes ${Object.keys(node.attributes).join(', ')})` : message;
}
