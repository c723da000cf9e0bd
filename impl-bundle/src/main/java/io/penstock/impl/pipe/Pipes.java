// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import io.penstock.impl.core.Engine;
import io.penstock.impl.core.Scope;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;

/** Makes pipes that are closed with a scope. */
public final class Pipes implements PipeFactory {
  private final Engine engine;
  private final Scope scope;

  /** Makes a factory whose pipes belong to a scope. */
  public Pipes(Engine engine, Scope scope) {
    this.engine = engine;
    this.scope = scope;
  }

  @Override
  public Pipe create(PipeOptions options) {
    DrivenPipe pipe = new DrivenPipe(options, engine);
    scope.add(pipe);
    pipe.leaveWhenClosed(scope);
    return pipe;
  }
}
