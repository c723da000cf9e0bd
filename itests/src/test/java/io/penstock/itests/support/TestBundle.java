// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.support;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;

/** A small bundle made of classes of the tests, each its own copy of them. */
public final class TestBundle {

  private final String symbolicName;
  private final Manifest manifest = new Manifest();
  private final Map<String, byte[]> content = new LinkedHashMap<>();

  private TestBundle(String symbolicName) {
    this.symbolicName = symbolicName;
    Attributes headers = manifest.getMainAttributes();
    headers.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    header(Constants.BUNDLE_MANIFESTVERSION, "2");
    header(Constants.BUNDLE_SYMBOLICNAME, symbolicName);
    header(Constants.BUNDLE_VERSION, "1.0.0");
    header(Constants.DYNAMICIMPORT_PACKAGE, "io.penstock.*,org.osgi.*");
  }

  /** An empty bundle. */
  public static TestBundle named(String symbolicName) {
    return new TestBundle(symbolicName);
  }

  /** Sets a header of the manifest. */
  public TestBundle header(String name, String value) {
    manifest.getMainAttributes().putValue(name, value);
    return this;
  }

  /** Adds an activator and its nested classes. */
  public TestBundle activator(Class<? extends BundleActivator> type) {
    header(Constants.BUNDLE_ACTIVATOR, type.getName());
    return with(type);
  }

  /** Adds a class. */
  public TestBundle with(Class<?> type) {
    String path = type.getName().replace('.', '/') + ".class";
    try (InputStream in = type.getClassLoader().getResourceAsStream(path)) {
      content.put(path, in.readAllBytes());
    } catch (IOException problem) {
      throw new IllegalStateException("cannot read " + path, problem);
    }
    return this;
  }

  /** Adds a text file. */
  public TestBundle with(String path, String text) {
    content.put(path, text.getBytes(StandardCharsets.UTF_8));
    return this;
  }

  /** The jar. */
  public InputStream content() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JarOutputStream jar = new JarOutputStream(bytes, manifest)) {
      for (Map.Entry<String, byte[]> each : content.entrySet()) {
        jar.putNextEntry(new ZipEntry(each.getKey()));
        jar.write(each.getValue());
        jar.closeEntry();
      }
    }
    return new ByteArrayInputStream(bytes.toByteArray());
  }

  /** Installs and starts it. */
  public Bundle start(BundleContext context) throws IOException, BundleException {
    Bundle bundle = context.installBundle("test:" + symbolicName, content());
    bundle.start();
    return bundle;
  }
}
