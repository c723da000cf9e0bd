// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import io.penstock.channel.Endpoint;
import io.penstock.impl.buffer.Contents;
import io.penstock.impl.engine.Budget;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.engine.Stages;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;

/** Makes pipes that are closed with a scope. */
public final class Pipes implements PipeFactory {
  private final Engine engine;
  private final Scope scope;
  private final Contents contents;
  private final List<Budget> inHeap;
  private final List<Budget> outside;

  /** Makes a factory whose pipes belong to a scope. */
  public Pipes(Engine engine, Scope scope, Contents contents) {
    this.engine = engine;
    this.contents = contents;
    this.scope = scope;
    Budget own = engine.budgets().factory("the pipes of " + scope);
    this.inHeap = engine.budgets().inHeap(own);
    this.outside = engine.budgets().outside(own);
  }

  @Override
  public Pipe create(PipeOptions options) {
    DrivenPipe pipe = new DrivenPipe(options, engine, options.direct() ? outside : inHeap);
    return kept(pipe);
  }

  @Override
  public Pipe open(Endpoint location, PipeOptions options, Wait wait) throws IOException {
    Map<String, String> keys = new TreeMap<>(location.options());
    keys.putIfAbsent("capacity", String.valueOf(options.capacity()));
    // Bad keys are the caller's mistake, and thrown as such.
    contents.check(location.withoutOptions(), Contents.options(keys));
    PipeOptions named = DrivenPipe.named(options);
    CompletionStage<DrivenPipe> opening =
        DrivenPipe.open(location.withoutOptions(), keys, named, engine, inHeap, contents);
    try {
      return kept(Stages.await(opening, wait, named.name(), "the pipe"));
    } catch (IOException e) {
      // What comes later is not wanted.
      CompletionStage<Void> unused = opening.thenAccept(DrivenPipe::closeNow);
      throw e;
    }
  }

  private Pipe kept(DrivenPipe pipe) {
    scope.add(pipe);
    pipe.leaveWhenClosed(scope);
    return pipe;
  }
}
