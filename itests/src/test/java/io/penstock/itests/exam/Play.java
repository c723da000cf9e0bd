// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import java.io.PrintWriter;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/**
 * Boots containers for one class of tests alone, without Maven: what {@code proofs/storm/run} and
 * {@code benchmarks/operators} start.
 */
final class Play {
  private Play() {}

  /**
   * Runs the tests of a class and ends the JVM: with status 0 if there were some and all passed,
   * and else with 1.
   *
   * @param arguments the name of the class
   */
  public static void main(String[] arguments) {
    LauncherConfig config =
        LauncherConfig.builder()
            .enableTestEngineAutoRegistration(false)
            .addTestEngines(new ContainerTestEngine())
            .build();
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    Launcher launcher = LauncherFactory.create(config);
    launcher.execute(
        LauncherDiscoveryRequestBuilder.request()
            .selectors(DiscoverySelectors.selectClass(arguments[0]))
            .build(),
        listener);
    TestExecutionSummary summary = listener.getSummary();
    summary.printFailuresTo(new PrintWriter(System.out, true), 20);
    boolean good = summary.getTestsSucceededCount() > 0 && summary.getTotalFailureCount() == 0;
    System.out.println(good ? "ok" : "FAIL");
    // Threads of containers may be left where something failed.
    Runtime.getRuntime().halt(good ? 0 : 1);
  }
}
