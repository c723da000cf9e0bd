// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.Endpoint;
import io.penstock.impl.pipe.Pipes;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Wait;
import java.io.IOException;
import org.osgi.service.component.ComponentContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ServiceScope;

/** Each bundle's own factory of pipes. */
@Component(
    name = "io.penstock.PipeFactory",
    service = PipeFactory.class,
    scope = ServiceScope.BUNDLE)
public final class PipeFactoryComponent implements PipeFactory {
  private final Pipes pipes;

  /**
   * What is made belongs to the bundle that uses this.
   *
   * @param context tells which bundle that is
   * @param engine lends threads
   */
  @Activate
  public PipeFactoryComponent(ComponentContext context, @Reference EngineComponent engine) {
    this.pipes =
        new Pipes(engine.engine(), engine.scope(context.getUsingBundle()), engine.contents());
  }

  @Override
  public Pipe create(PipeOptions options) {
    return pipes.create(options);
  }

  @Override
  public Pipe open(Endpoint location, PipeOptions options, Wait wait) throws IOException {
    return pipes.open(location, options, wait);
  }
}
