// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.machine;

import java.util.Map;
import java.util.Set;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.FieldVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.commons.ClassRemapper;
import org.objectweb.asm.commons.SimpleRemapper;

/**
 * Rewrites the product's classes as they are loaded: whatever waits, asks the time, starts a thread
 * or chooses by chance does so in the {@link Machine}, and before each access to shared memory
 * another thread may be chosen. The product's own code stays as it is, and as quick.
 */
final class Rewriter {
  private static final String MACHINE = "io/penstock/simulation/machine/";
  private static final String JUC = "java/util/concurrent/";

  private static final Map<String, String> TYPES =
      Map.of(
          JUC + "locks/ReentrantLock",
          MACHINE + "SimLock",
          JUC + "CountDownLatch",
          MACHINE + "SimLatch",
          JUC + "ThreadPoolExecutor",
          MACHINE + "SimPool",
          JUC + "ConcurrentHashMap",
          MACHINE + "SimMap",
          JUC + "ThreadLocalRandom",
          MACHINE + "SimRandom",
          // The order of a walk over them depends on addresses.
          "java/util/HashMap",
          "java/util/LinkedHashMap",
          "java/util/HashSet",
          "java/util/LinkedHashSet");

  private static final Set<String> STATICS =
      Set.of(
          "java/lang/System.nanoTime()J",
          "java/lang/System.currentTimeMillis()J",
          "java/lang/System.getLogger(Ljava/lang/String;)Ljava/lang/System$Logger;",
          "java/util/concurrent/locks/LockSupport.park(Ljava/lang/Object;)V",
          "java/util/concurrent/locks/LockSupport.park()V",
          "java/util/concurrent/locks/LockSupport.parkNanos(Ljava/lang/Object;J)V",
          "java/util/concurrent/locks/LockSupport.parkNanos(J)V",
          "java/util/concurrent/locks/LockSupport.unpark(Ljava/lang/Thread;)V",
          "java/lang/Thread.currentThread()Ljava/lang/Thread;",
          "java/lang/Thread.yield()V",
          "java/lang/Thread.onSpinWait()V",
          "java/lang/Thread.interrupted()Z",
          "java/lang/Thread.sleep(J)V");

  private static final Set<String> THREADS =
      Set.of("isInterrupted()Z", "interrupt()V", "isAlive()Z", "start()V", "join()V", "join(J)V");

  private static final Set<String> WAITS =
      Set.of(
          "get()Ljava/lang/Object;",
          "get(JLjava/util/concurrent/TimeUnit;)Ljava/lang/Object;",
          "join()Ljava/lang/Object;");

  /** What is not known here would wait for real, and so must not come up. */
  private static final Set<String> FOREIGN =
      Set.of(
          JUC + "Semaphore",
          JUC + "Phaser",
          JUC + "CyclicBarrier",
          JUC + "Exchanger",
          JUC + "ForkJoinPool",
          JUC + "ScheduledThreadPoolExecutor",
          JUC + "LinkedBlockingQueue",
          JUC + "locks/ReentrantReadWriteLock",
          JUC + "locks/StampedLock",
          "java/util/Timer");

  private final Set<String> volatiles;

  /**
   * A rewriter.
   *
   * @param volatiles names and types of the fields that are volatile somewhere
   */
  Rewriter(Set<String> volatiles) {
    this.volatiles = volatiles;
  }

  /** Adds a class's volatile fields to a set. */
  static void volatiles(byte[] bytes, Set<String> into) {
    new ClassReader(bytes)
        .accept(
            new ClassVisitor(Opcodes.ASM9) {
              @Override
              public FieldVisitor visitField(
                  int access, String name, String type, String signature, Object value) {
                if ((access & Opcodes.ACC_VOLATILE) != 0) {
                  into.add(name + type);
                }
                return null;
              }
            },
            ClassReader.SKIP_CODE | ClassReader.SKIP_DEBUG | ClassReader.SKIP_FRAMES);
  }

  byte[] rewrite(byte[] bytes) {
    ClassReader reader = new ClassReader(bytes);
    ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_MAXS);
    ClassVisitor remapper = new ClassRemapper(writer, new SimpleRemapper(Opcodes.ASM9, TYPES));
    reader.accept(
        new ClassVisitor(Opcodes.ASM9, remapper) {
          @Override
          public MethodVisitor visitMethod(
              int access, String name, String type, String signature, String[] thrown) {
            MethodVisitor next = super.visitMethod(access, name, type, signature, thrown);
            return new Method(next, name.equals("<clinit>"));
          }
        },
        0);
    return writer.toByteArray();
  }

  private final class Method extends MethodVisitor {
    private final boolean initializer;
    private int fresh;

    Method(MethodVisitor next, boolean initializer) {
      super(Opcodes.ASM9, next);
      this.initializer = initializer;
    }

    private void point() {
      if (!initializer) {
        super.visitMethodInsn(Opcodes.INVOKESTATIC, MACHINE + "Sim", "point", "()V", false);
      }
    }

    private boolean waits(String owner, String name, String type) {
      return owner.startsWith(JUC)
          && owner.endsWith("BlockingQueue")
          && (name.equals("put") || name.equals("take") || type.contains("TimeUnit"));
    }

    @Override
    public void visitTypeInsn(int code, String type) {
      if (code == Opcodes.NEW && type.equals("java/lang/Thread")) {
        fresh++;
        super.visitTypeInsn(code, MACHINE + "SimThread");
      } else {
        super.visitTypeInsn(code, type);
      }
    }

    @Override
    public void visitFieldInsn(int code, String owner, String name, String type) {
      if (owner.startsWith("io/penstock/") && volatiles.contains(name + type)) {
        point();
      }
      super.visitFieldInsn(code, owner, name, type);
    }

    @Override
    public void visitMethodInsn(
        int code, String owner, String name, String type, boolean isInterface) {
      if (FOREIGN.contains(owner) || waits(owner, name, type)) {
        super.visitLdcInsn(owner + "." + name);
        super.visitMethodInsn(
            Opcodes.INVOKESTATIC, MACHINE + "Machine", "foreign", "(Ljava/lang/String;)V", false);
        super.visitMethodInsn(code, owner, name, type, isInterface);
      } else if (code == Opcodes.INVOKESTATIC && STATICS.contains(owner + "." + name + type)) {
        super.visitMethodInsn(code, MACHINE + "Machine", name, type, false);
      } else if (code == Opcodes.INVOKESTATIC
          && owner.equals(JUC + "ConcurrentHashMap")
          && name.equals("newKeySet")) {
        super.visitMethodInsn(code, MACHINE + "Machine", name, type, false);
      } else if (code == Opcodes.INVOKESTATIC
          && owner.equals("java/nio/channels/Selector")
          && name.equals("open")) {
        super.visitMethodInsn(code, MACHINE + "SimSelector", name, type, false);
      } else if (code == Opcodes.INVOKESPECIAL
          && owner.equals("java/lang/Thread")
          && name.equals("<init>")
          && fresh > 0) {
        fresh--;
        super.visitMethodInsn(code, MACHINE + "SimThread", name, type, false);
      } else if (code == Opcodes.INVOKEVIRTUAL
          && owner.equals("java/lang/Thread")
          && THREADS.contains(name + type)) {
        super.visitMethodInsn(
            Opcodes.INVOKESTATIC,
            MACHINE + "Machine",
            name,
            "(Ljava/lang/Thread;" + type.substring(1),
            false);
      } else if (code == Opcodes.INVOKEVIRTUAL
          && owner.equals(JUC + "CompletableFuture")
          && WAITS.contains(name + type)) {
        super.visitMethodInsn(
            Opcodes.INVOKESTATIC,
            MACHINE + "Machine",
            name,
            "(L" + JUC + "CompletableFuture;" + type.substring(1),
            false);
      } else {
        if (owner.equals("java/lang/invoke/VarHandle")
            || owner.startsWith(JUC + "atomic/Atomic")
            || owner.equals(JUC + "ConcurrentLinkedQueue")) {
          if (!name.equals("<init>")) {
            point();
          }
        }
        super.visitMethodInsn(code, owner, name, type, isInterface);
      }
    }
  }
}
