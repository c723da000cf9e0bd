// SPDX-License-Identifier: Apache-2.0
package io.penstock.launcher;

import java.io.PrintStream;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Filter;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.util.tracker.ServiceTracker;

/**
 * The main class of the runnable jar: calls the command line and exits with what that returns. What
 * needs more than the core bundles, or stays, runs in a private container; all else needs none.
 */
public final class Launcher {
  /** Exit status of a failure. */
  private static final int FAILURE = 1;

  /** How long a command line that is not there may still appear after every bundle has started. */
  private static final long MAIN_APPEARS_MILLIS = 500;

  private static final String MAIN_FILTER =
      "(&(objectClass=" + Callable.class.getName() + ")(penstock.main=true))";

  /** The schemes of the bundles for connections over SSH. */
  private static final List<String> SSH_SCHEMES =
      List.of("ssh", "ssh-listen", "ssh-forward-listen", "sftp-server");

  /** The scheme of the bundles that find endpoints in other containers. */
  private static final String REMOTE_SCHEME = "remote";

  /** The scheme of the bundles for durable pipes. */
  private static final String DURABLE_SCHEME = "durable";

  /** Set by the script for the run whose classes it archives: both ways are taken then. */
  private static final String TRAINS = "penstock.trains";

  private static final String LOG = "--log";
  private static final String PAGE = "--page";

  private Launcher() {}

  /**
   * Runs the command line and ends the virtual machine with its exit status.
   *
   * @param args the arguments, handed on as they are
   */
  public static void main(String[] args) {
    LastResort.install();
    PrintStream out = System.out;
    System.setOut(System.err);
    System.exit(launch(args, out));
  }

  private static int launch(String[] args, PrintStream out) {
    List<String> arguments = List.of(args);
    // Bundles wire their optional imports when they are resolved, so whatever may start later has
    // to be there from the beginning. One that is installed in vain costs time, nothing else.
    boolean stays = arguments.contains("run");
    if (isVerbose(arguments)) {
      StandardErrorLogging.threshold(Level.INFO);
    }
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      if (argument.startsWith(LOG + "=")) {
        StandardErrorLogging.level(argument.substring(LOG.length() + 1));
      } else if (argument.equals(LOG) && i + 1 < arguments.size()) {
        StandardErrorLogging.level(arguments.get(i + 1));
      }
    }
    // A name may be found at an endpoint of SSH.
    boolean remote = stays || arguments.stream().anyMatch(Launcher::isRemote);
    boolean ssh = remote || arguments.stream().anyMatch(Launcher::isSsh);
    boolean durable = stays || arguments.stream().anyMatch(Launcher::isDurable);
    tellFurther(ssh, remote, durable);
    boolean plain =
        !ssh && !remote && !durable && arguments.stream().noneMatch(Launcher::isVersion);
    if (!plain || Boolean.getBoolean(TRAINS)) {
      int status = launch(arguments, ssh, remote, durable, stays ? out : null);
      if (!plain) {
        return status;
      }
    }
    try {
      return Plain.run(arguments);
    } catch (Throwable e) {
      if (LastResort.isHeap(e)) {
        LastResort.end();
      }
      report(e, arguments);
      return FAILURE;
    }
  }

  /** Names what is not installed where somebody asks what there is, all the same. */
  private static void tellFurther(boolean ssh, boolean remote, boolean durable) {
    List<String> further = new ArrayList<>();
    if (!ssh && Container.has(Container.SSH)) {
      further.addAll(SSH_SCHEMES);
    }
    if (!remote && Container.has(Container.REMOTE)) {
      further.add(REMOTE_SCHEME);
    }
    if (!durable && Container.has(Container.DURABLE)) {
      further.add(DURABLE_SCHEME);
    }
    if (!further.isEmpty()) {
      System.setProperty("penstock.further", String.join(",", further));
    }
  }

  /**
   * Runs the command line in a container.
   *
   * @param out standard output, for a container that stays; null for one that does not
   */
  private static int launch(
      List<String> arguments,
      boolean ssh,
      boolean remote,
      boolean durable,
      @Nullable PrintStream out) {
    boolean stays = out != null;
    boolean console = stays && isTerminal();
    Container container = null;
    try {
      container = Container.create(stays);
      LastResort.cleanup(container::deleteCache);
      Runtime.getRuntime().addShutdownHook(new Thread(container::close, "penstock-shutdown"));
      container.install(Container.CORE);
      if (ssh) {
        container.install(Container.SSH);
      }
      if (remote) {
        container.install(Container.REMOTE);
      }
      if (durable) {
        container.install(Container.DURABLE);
      }
      if (stays) {
        container.install(Container.RUN);
        container.install(Container.SHELL);
        container.install(Container.CONSOLE);
        if (arguments.stream().anyMatch(Launcher::isPage)) {
          container.install(Container.PAGE);
        }
      }
      return runIn(container, arguments, new Residence(container, console ? out : null));
    } catch (Throwable e) {
      if (LastResort.isHeap(e)) {
        LastResort.end();
      }
      // A container that a signal is stopping fails everything in it, even the loading of classes.
      if (container == null || !container.isClosing()) {
        report(e, arguments);
      }
      return FAILURE;
    }
  }

  /** Also among other options of one letter. */
  private static boolean isVersion(String argument) {
    return argument.equals("--version")
        || (argument.startsWith("-") && !argument.startsWith("--") && argument.contains("V"));
  }

  private static boolean isPage(String argument) {
    return argument.equals(PAGE) || argument.startsWith(PAGE + "=");
  }

  private static boolean isDurable(String argument) {
    return argument.startsWith(DURABLE_SCHEME + ":");
  }

  private static boolean isRemote(String argument) {
    // What keeps pipes on servers is among them.
    return argument.startsWith(REMOTE_SCHEME + ":")
        || argument.startsWith(DURABLE_SCHEME + ":nats:");
  }

  private static boolean isSsh(String argument) {
    return SSH_SCHEMES.stream().anyMatch(scheme -> argument.startsWith(scheme + ":"));
  }

  // From JDK 22 on there is a console without a terminal too, unless jdk.console names the old one.
  @SuppressWarnings("SystemConsoleNull")
  private static boolean isTerminal() {
    System.setProperty("jdk.console", "java.base");
    return System.console() != null;
  }

  private static int runIn(Container container, List<String> arguments, Residence residence)
      throws Exception {
    container.start();
    BundleContext context = container.context();
    Supplier<String[]> supplier = () -> arguments.toArray(String[]::new);
    context.registerService(
        Supplier.class, supplier, FrameworkUtil.asDictionary(Map.of("penstock.arguments", true)));
    context.registerService(
        Function.class, residence, FrameworkUtil.asDictionary(Map.of("penstock.container", true)));
    container.startBundles(Container.SSH);
    container.startBundles(Container.REMOTE);
    container.startBundles(Container.DURABLE);
    container.startBundles(Container.CORE);

    Callable<Integer> main = findMain(context);
    if (main == null) {
      System.err.println("penstock: " + new Diagnosis(container).explain());
      return FAILURE;
    }
    return main.call();
  }

  private static @Nullable Callable<Integer> findMain(BundleContext context)
      throws InvalidSyntaxException, InterruptedException {
    Filter filter = FrameworkUtil.createFilter(MAIN_FILTER);
    ServiceTracker<Callable<Integer>, Callable<Integer>> tracker =
        new ServiceTracker<>(context, filter, null);
    tracker.open();
    // Left open: the service stays in use until the framework stops.
    Callable<Integer> main = tracker.getService();
    return main != null ? main : tracker.waitForService(MAIN_APPEARS_MILLIS);
  }

  private static void report(Throwable failure, Collection<String> arguments) {
    System.err.println("penstock: " + describe(failure));
    if (isVerbose(arguments)) {
      failure.printStackTrace();
    }
  }

  private static boolean isVerbose(Collection<String> arguments) {
    return arguments.contains("-v") || arguments.contains("--verbose");
  }

  private static String describe(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.getClass().getName() : message.lines().findFirst().orElse("");
  }
}
