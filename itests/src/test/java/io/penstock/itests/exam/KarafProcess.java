// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.rmi.NotBoundException;
import java.rmi.registry.LocateRegistry;
import java.rmi.registry.Registry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.ops4j.pax.exam.TestContainerException;
import org.ops4j.pax.exam.karaf.container.internal.runner.Runner;
import org.ops4j.pax.exam.rbc.Constants;

/**
 * Karaf's JVM, with everything it prints in a log file. Pax Exam's own runner copies to the console
 * and takes the input of the tests' JVM, and a Karaf that died at once would be waited for.
 */
final class KarafProcess implements Runner {

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** As in Karaf's own start script. */
  private static final List<String> MODULES =
      List.of(
          "--add-reads=java.xml=java.logging",
          "--add-exports=java.base/org.apache.karaf.specs.locator=java.xml,ALL-UNNAMED",
          "--add-opens=java.base/java.security=ALL-UNNAMED",
          "--add-opens=java.base/java.net=ALL-UNNAMED",
          "--add-opens=java.base/java.lang=ALL-UNNAMED",
          "--add-opens=java.base/java.util=ALL-UNNAMED",
          "--add-opens=java.naming/javax.naming.spi=ALL-UNNAMED",
          "--add-opens=java.rmi/sun.rmi.transport.tcp=ALL-UNNAMED",
          "--add-exports=java.base/sun.net.www.protocol.file=ALL-UNNAMED",
          "--add-exports=java.base/sun.net.www.protocol.http=ALL-UNNAMED",
          "--add-exports=java.base/sun.net.www.protocol.https=ALL-UNNAMED",
          "--add-exports=java.base/sun.net.www.protocol.jar=ALL-UNNAMED",
          "--add-exports=java.base/sun.net.www.content.text=ALL-UNNAMED",
          "--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED");

  private final Path log;
  private Process process;

  KarafProcess(Path log) {
    this.log = log;
  }

  @Override
  public void exec(
      String[] environment,
      File karafBase,
      String javaHome,
      String[] javaOptions,
      String[] javaEndorsedDirs,
      String[] javaExtDirs,
      String karafHome,
      String karafData,
      String karafEtc,
      String karafLog,
      String[] karafOptions,
      String[] options,
      String[] classPath,
      String main,
      String arguments,
      boolean security) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(javaHome, "bin", "java").toString());
    command.addAll(MODULES);
    patch(command, karafHome, "java.base", "org.apache.karaf.specs.locator");
    patch(command, karafHome, "java.xml", "org.apache.karaf.specs.java.xml");
    command.add("-Dkaraf.instances=" + karafHome + "/instances");
    command.add("-Dkaraf.home=" + karafHome);
    command.add("-Dkaraf.base=" + karafBase);
    command.add("-Dkaraf.data=" + karafData);
    command.add("-Dkaraf.etc=" + karafEtc);
    command.add("-Dkaraf.log=" + log.getParent());
    command.add("-Dkaraf.startLocalConsole=false");
    command.add("-Dkaraf.startRemoteShell=false");
    command.add("-Djava.io.tmpdir=" + karafData + "/tmp");
    command.add("-Djava.util.logging.config.file=" + karafEtc + "/java.util.logging.properties");
    Collections.addAll(command, javaOptions);
    command.add("-cp");
    command.add(String.join(File.pathSeparator, classPath));
    command.add(main);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(karafBase)
            .redirectErrorStream(true)
            .redirectOutput(new File(log.getParent().toFile(), "karaf-console.log"));
    try {
      process = builder.start();
      process.getOutputStream().close();
      awaitContact(Path.of(karafEtc, "system.properties"));
    } catch (IOException problem) {
      throw new UncheckedIOException("Karaf does not start", problem);
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      throw new TestContainerException("interrupted while Karaf started", interrupt);
    }
  }

  @Override
  public void shutdown() {
    if (process == null) {
      return;
    }
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new TestContainerException("Karaf did not end within " + PATIENCE);
      }
    } catch (InterruptedException interrupt) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Returns once Karaf's side of Pax Exam has registered itself. Pax Exam would look for it without
   * a pause and take half the machine from the Karaf it waits for.
   */
  private void awaitContact(Path systemProperties) throws IOException, InterruptedException {
    Properties properties = new Properties();
    try (InputStream in = Files.newInputStream(systemProperties)) {
      properties.load(in);
    }
    Registry registry =
        LocateRegistry.getRegistry(
            properties.getProperty(Constants.RMI_HOST_PROPERTY),
            Integer.parseInt(properties.getProperty(Constants.RMI_PORT_PROPERTY)));
    String name = properties.getProperty(Constants.RMI_NAME_PROPERTY);
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() - deadline < 0) {
      try {
        registry.lookup(name);
        return;
      } catch (NotBoundException notYet) {
        if (process.waitFor(100, TimeUnit.MILLISECONDS)) {
          throw new TestContainerException(
              "Karaf ended with status " + process.exitValue() + ": see " + log);
        }
      }
    }
    throw new TestContainerException("Karaf was not there after " + PATIENCE + ": see " + log);
  }

  private static void patch(List<String> command, String karafHome, String module, String jar) {
    File[] jars =
        new File(karafHome, "lib/endorsed")
            .listFiles((folder, name) -> name.matches("\\Q" + jar + "\\E-[0-9].*\\.jar"));
    if (jars == null || jars.length != 1) {
      throw new TestContainerException("Karaf has no " + jar + " in lib/endorsed");
    }
    command.add("--patch-module=" + module + "=" + jars[0]);
  }
}
