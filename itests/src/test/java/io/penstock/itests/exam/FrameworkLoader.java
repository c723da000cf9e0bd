// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import org.osgi.framework.launch.FrameworkFactory;

/**
 * Loads one framework by itself. Felix and Equinox hold classes of the same packages, Equinox's
 * signed, so that one class loader cannot take both; only the OSGi interfaces are shared with the
 * tests.
 */
public final class FrameworkLoader extends URLClassLoader {

  private final String factory;

  private FrameworkLoader(String bundle, String factory) {
    super(new URL[] {jar(bundle)}, new WithoutFrameworks(FrameworkLoader.class.getClassLoader()));
    this.factory = factory;
  }

  /** Felix, of the class path of the tests. */
  public static FrameworkLoader felix() {
    return new FrameworkLoader(
        "org.apache.felix.framework", "org.apache.felix.framework.FrameworkFactory");
  }

  static FrameworkLoader equinox() {
    return new FrameworkLoader("org.eclipse.osgi", "org.eclipse.osgi.launch.EquinoxFactory");
  }

  /** What makes its frameworks. */
  public FrameworkFactory factory() {
    try {
      return (FrameworkFactory) loadClass(factory).getConstructor().newInstance();
    } catch (ReflectiveOperationException problem) {
      throw new IllegalStateException("cannot make a " + factory, problem);
    }
  }

  /**
   * Equinox makes itself the JVM's factory of URL handlers, for good: its classes must be there for
   * every URL that anybody makes later, such as those of the JDK's cryptography.
   */
  @Override
  public void close() throws IOException {
    if (!factory.startsWith("org.eclipse.")) {
      super.close();
    }
  }

  private static URL jar(String bundle) {
    try {
      return new URL(ClassPathBundles.url(bundle));
    } catch (MalformedURLException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** The class path of the tests without what is in the frameworks' own jars. */
  private static final class WithoutFrameworks extends ClassLoader {

    WithoutFrameworks(ClassLoader parent) {
      super(parent);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (name.startsWith("org.apache.felix.") || name.startsWith("org.eclipse.")) {
        throw new ClassNotFoundException(name);
      }
      return super.loadClass(name, resolve);
    }
  }
}
