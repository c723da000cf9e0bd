// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.storm;

import io.penstock.itests.support.Loaders;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.TestBundle;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;

/** A bundle that comes and goes, with the class loaders that it has had. */
final class Unit {
  private final BundleContext context;
  private final String symbolicName;
  private final TestBundle source;
  private final List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
  private String location;

  /**
   * A bundle by its name.
   *
   * @param source what it is made of; null if its location says that
   */
  Unit(BundleContext context, String symbolicName, TestBundle source) {
    this.context = context;
    this.symbolicName = symbolicName;
    this.source = source;
    Bundle bundle = bundle();
    location = bundle == null ? "test:" + symbolicName : bundle.getLocation();
  }

  /** The bundle, or null while it is not installed. */
  Bundle bundle() {
    return Stream.of(context.getBundles())
        .filter(bundle -> symbolicName.equals(bundle.getSymbolicName()))
        .findFirst()
        .orElse(null);
  }

  boolean installed() {
    return bundle() != null;
  }

  boolean up() {
    Bundle bundle = bundle();
    return bundle != null && bundle.getState() == Bundle.ACTIVE;
  }

  void start() throws BundleException, IOException {
    if (bundle() == null) {
      if (source == null) {
        context.installBundle(location);
      } else {
        context.installBundle(location, source.content());
      }
    }
    bundle().start();
  }

  void stop() throws BundleException {
    bundle().stop();
  }

  void refresh() throws InterruptedException {
    remember();
    Penstock.refresh(context, Set.of(bundle()));
  }

  void update() throws BundleException, IOException, InterruptedException {
    remember();
    if (source == null) {
      bundle().update();
    } else {
      bundle().update(source.content());
    }
    Penstock.refresh(context);
  }

  void uninstall() throws BundleException, InterruptedException {
    remember();
    bundle().uninstall();
    Penstock.refresh(context);
  }

  private void remember() {
    if (bundle().getState() != Bundle.INSTALLED) {
      loaders.add(Loaders.of(bundle()));
    }
  }

  /** How many class loaders of revisions that have gone are still there. */
  int loadersLeft() {
    loaders.removeIf(each -> each.get() == null);
    return loaders.size();
  }

  @Override
  public String toString() {
    return symbolicName;
  }
}
