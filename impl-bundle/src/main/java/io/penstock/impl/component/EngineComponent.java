// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.buffer.Contents;
import io.penstock.impl.component.config.PollerSettings;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.pipe.NamedPipes;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.impl.runtime.Census;
import io.penstock.impl.runtime.Operator;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;

/**
 * What all components of this bundle share, for as long as it runs: threads, names, and which
 * bundle made what.
 *
 * <p>The framework or system property {@code penstock.leaks=true} turns leak detection on: the
 * report of what a stopped bundle has left has the stack that made it. {@code io.penstock.native}
 * asks for one way to make native calls, as {@link PosixAccess} says.
 */
@Component(name = "io.penstock.engine", service = EngineComponent.class, immediate = true)
public final class EngineComponent {
  private static final String LEAKS = "penstock.leaks";

  private final BundleContext context;
  private final Engine engine = new Engine();
  private final NamedPipes pipes = new NamedPipes();
  private final Contents contents = new Contents();
  private final Scope own = Scope.quiet();
  private final PosixAccess posix;
  private final Scopes scopes;
  private final StrayConfigurations strays;
  private final Census census = new Census(engine, this::scopes);
  private final Operator operator = new Operator(engine, census);
  private volatile PollerSettings pollers = PollerSettings.DEFAULT;
  private final ConcurrentMap<String, Names> names = new ConcurrentHashMap<>();

  /**
   * Starts nothing: threads come with the first need.
   *
   * @param context of this bundle
   */
  @Activate
  public EngineComponent(BundleContext context) {
    this.context = context;
    boolean traces = Boolean.parseBoolean(context.getProperty(LEAKS));
    this.scopes = new Scopes(() -> traces);
    context.addBundleListener(scopes);
    this.strays = new StrayConfigurations(context);
    strays.open();
    this.posix = new PosixAccess(context.getProperty(PosixAccess.PROPERTY));
    if (!posix.wish().equals(PosixAccess.AUTO)) {
      // A user who asks for one way is told at once if it cannot be had.
      engine.execute(posix::mode);
    }
  }

  /** Whether this bundle, or the whole framework, is about to stop. */
  boolean isStopping() {
    return context.getBundle().getState() == Bundle.STOPPING
        || context.getBundle(Constants.SYSTEM_BUNDLE_ID).getState() == Bundle.STOPPING;
  }

  Engine engine() {
    return engine;
  }

  PosixAccess posix() {
    return posix;
  }

  NamedPipes pipes() {
    return pipes;
  }

  /** The places that keep durable pipes. */
  Contents contents() {
    return contents;
  }

  /** The last good values of the pollers. */
  PollerSettings pollers() {
    return pollers;
  }

  /** Sets them, for pollers that are made from now on. */
  void pollers(PollerSettings settings) {
    pollers = settings;
  }

  /** Where configurations register what they keep alive. */
  Registrar services() {
    return new BundleServices(context);
  }

  /** Which configuration of a factory PID has which name. */
  Names names(String factoryPid) {
    return names.computeIfAbsent(factoryPid, any -> new Names());
  }

  /** What configurations make belongs to this bundle, and is no leak of anybody's. */
  Scope own() {
    return own;
  }

  /** What a bundle makes through the factories. */
  Scope scope(Bundle maker) {
    return scopes.of(maker);
  }

  private List<Scope> scopes() {
    List<Scope> all = new ArrayList<>(scopes.all());
    all.add(own);
    return all;
  }

  /** Tells of everything that there is. */
  Census census() {
    return census;
  }

  /** Does what operators ask for. */
  Operator operator() {
    return operator;
  }

  /** Wakes the callers that still wait, and stops the threads. */
  @Deactivate
  void deactivate() {
    strays.close();
    context.removeBundleListener(scopes);
    scopes.close();
    own.close();
    engine.close();
  }
}
