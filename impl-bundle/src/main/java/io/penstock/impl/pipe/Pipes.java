// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import io.penstock.impl.engine.Budget;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Scope;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import java.util.List;

/** Makes pipes that are closed with a scope. */
public final class Pipes implements PipeFactory {
  private final Engine engine;
  private final Scope scope;
  private final List<Budget> inHeap;
  private final List<Budget> outside;

  /** Makes a factory whose pipes belong to a scope. */
  public Pipes(Engine engine, Scope scope) {
    this.engine = engine;
    this.scope = scope;
    Budget own = engine.budgets().factory("the pipes of " + scope);
    this.inHeap = engine.budgets().inHeap(own);
    this.outside = engine.budgets().outside(own);
  }

  @Override
  public Pipe create(PipeOptions options) {
    DrivenPipe pipe = new DrivenPipe(options, engine, options.direct() ? outside : inHeap);
    scope.add(pipe);
    pipe.leaveWhenClosed(scope);
    return pipe;
  }
}
