// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.Hashtable;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/**
 * The activator of a bundle that finds one end of a pipe by name, writes to it or reads from it on
 * a thread of its own, and offers a {@link Future} with the SHA-256 of what went through, and
 * another that is complete once the first mebibyte did. Headers say what to do; both futures have
 * the bundle's symbolic name, so that JDK types are all it shares with the tests.
 */
public final class PipeUser implements BundleActivator {

  /** Header: {@code writer} or {@code reader}. */
  static final String ROLE = "Test-Role";

  /** Header: the name of the pipe. */
  static final String PIPE = "Test-Pipe";

  /** Header: how many bytes to write. */
  static final String BYTES = "Test-Bytes";

  /** Service property: the symbolic name of the bundle. */
  static final String USER = "test.user";

  /** Service property: {@code digest} or {@code mebibyte}. */
  static final String RESULT = "test.result";

  private static final int CHUNK = 64 * 1024;
  private static final long MEBIBYTE = 1 << 20;

  private final CompletableFuture<String> digest = new CompletableFuture<>();
  private final CompletableFuture<Void> mebibyte = new CompletableFuture<>();
  private Thread thread;

  @Override
  public void start(BundleContext context) throws InvalidSyntaxException {
    String role = header(context, ROLE);
    String pipe = header(context, PIPE);
    Work work;
    if (role.equals("writer")) {
      ByteSink sink = find(context, ByteSink.class, pipe);
      long bytes = Long.parseLong(header(context, BYTES));
      work = sha -> write(sink, bytes, sha);
    } else {
      ByteSource source = find(context, ByteSource.class, pipe);
      work = sha -> read(source, sha);
    }
    offer(context, digest, "digest");
    offer(context, mebibyte, "mebibyte");
    thread = new Thread(() -> run(work), "test-" + role);
    thread.start();
  }

  @Override
  public void stop(BundleContext context) throws InterruptedException {
    thread.interrupt();
    thread.join();
  }

  private void run(Work work) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      work.run(sha);
      digest.complete(HexFormat.of().formatHex(sha.digest()));
    } catch (IOException | NoSuchAlgorithmException | RuntimeException problem) {
      digest.completeExceptionally(problem);
      mebibyte.completeExceptionally(problem);
    }
  }

  private void write(ByteSink sink, long bytes, MessageDigest sha) throws IOException {
    SplittableRandom random = new SplittableRandom(20);
    byte[] chunk = new byte[CHUNK];
    for (long done = 0; done < bytes; ) {
      random.nextBytes(chunk);
      int length = (int) Math.min(CHUNK, bytes - done);
      sha.update(chunk, 0, length);
      sink.writeFully(ByteBuffer.wrap(chunk, 0, length), Wait.forever());
      done += length;
      note(done);
    }
    sink.end();
  }

  private void read(ByteSource source, MessageDigest sha) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
    long done = 0;
    for (int count; (count = source.read(buffer, Wait.forever())) >= 0; buffer.clear()) {
      sha.update(buffer.flip());
      done += count;
      note(done);
    }
  }

  private void note(long done) {
    if (done >= MEBIBYTE) {
      mebibyte.complete(null);
    }
  }

  private static String header(BundleContext context, String name) {
    return context.getBundle().getHeaders().get(name);
  }

  private static <T> T find(BundleContext context, Class<T> type, String pipe)
      throws InvalidSyntaxException {
    Collection<ServiceReference<T>> found =
        context.getServiceReferences(type, "(penstock.name=" + pipe + ")");
    return context.getService(found.iterator().next());
  }

  private static void offer(BundleContext context, Future<?> future, String result) {
    Hashtable<String, Object> properties = new Hashtable<>();
    properties.put(USER, context.getBundle().getSymbolicName());
    properties.put(RESULT, result);
    context.registerService(Future.class, future, properties);
  }

  /** What the thread does. */
  @FunctionalInterface
  interface Work {
    void run(MessageDigest sha) throws IOException;
  }
}
