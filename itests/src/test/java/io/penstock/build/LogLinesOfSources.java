// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import com.sun.source.tree.BinaryTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ConditionalExpressionTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ParenthesizedTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** The messages that sources log, with {@code …} for what differs from line to line. */
final class LogLinesOfSources {
  /**
   * A message.
   *
   * @param logger without {@code io.penstock.}
   * @param level such as {@code WARNING}
   */
  record Line(String logger, String level, String text) implements Comparable<Line> {
    @Override
    public int compareTo(Line other) {
      return toString().compareTo(other.toString());
    }
  }

  static final String HOLE = "…";

  private static final Pattern LOGGER = Pattern.compile("Messages\\.log\\(\"([a-z.]+)\"\\)");
  private static final Pattern LEVEL = Pattern.compile("Level\\.([A-Z]+)");
  private static final Pattern PARAMETER = Pattern.compile("\\{[0-9]+\\}");

  /** These take the level first, as a logger does. */
  private static final Set<String> LEVELLED = Set.of("log", "complain", "deplore");

  /** Those of {@code QuietLog} and of the configured objects. */
  private static final Set<String> WARNERS = Set.of("warn");

  // These have a method of their own that logs.
  private static final Path UPKEEP = Path.of("Upkeep.java");
  private static final Path KINDS = Path.of("FoundKinds.java");

  private final SortedSet<Line> lines = new TreeSet<>();
  private final Map<Path, String> loggers = new HashMap<>();

  private LogLinesOfSources() {}

  /** The messages of all sources below a folder. */
  static SortedSet<Line> in(List<Path> folders) throws IOException {
    List<Path> files = new ArrayList<>();
    for (Path folder : folders) {
      try (Stream<Path> all = Files.walk(folder)) {
        all.filter(file -> file.toString().endsWith(".java")).forEach(files::add);
      }
    }
    LogLinesOfSources found = new LogLinesOfSources();
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
      JavacTask task =
          (JavacTask)
              compiler.getTask(
                  null,
                  manager,
                  unused -> {},
                  List.of("-proc:none"),
                  null,
                  manager.getJavaFileObjectsFromPaths(files));
      List<CompilationUnitTree> units = new ArrayList<>();
      for (CompilationUnitTree unit : task.parse()) {
        units.add(unit);
        Matcher matcher = LOGGER.matcher(unit.getSourceFile().getCharContent(true));
        if (matcher.find()) {
          found.loggers.put(file(unit), matcher.group(1));
        }
      }
      for (CompilationUnitTree unit : units) {
        unit.accept(found.new Scanner(file(unit), found.logger(file(unit))), null);
      }
    }
    return found.lines;
  }

  private static Path file(CompilationUnitTree unit) {
    return Path.of(unit.getSourceFile().toUri());
  }

  /** A class without a logger of its own uses the one of a class beside it. */
  private String logger(Path file) {
    String own = loggers.get(file);
    return own != null
        ? own
        : new TreeMap<>(loggers)
            .entrySet().stream()
                .filter(each -> each.getKey().getParent().equals(file.getParent()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse("");
  }

  private final class Scanner extends TreeScanner<Void, Void> {
    private final Path file;
    private final String logger;
    private Map<String, ExpressionTree> variables = new HashMap<>();

    Scanner(Path file, String logger) {
      this.file = file;
      this.logger = logger;
    }

    @Override
    public Void visitMethod(MethodTree method, Void unused) {
      variables = new HashMap<>();
      return super.visitMethod(method, null);
    }

    @Override
    public Void visitVariable(VariableTree variable, Void unused) {
      if (variable.getInitializer() != null) {
        variables.put(variable.getName().toString(), variable.getInitializer());
      }
      return super.visitVariable(variable, null);
    }

    @Override
    public Void visitMethodInvocation(MethodInvocationTree call, Void unused) {
      ExpressionTree method = call.getMethodSelect();
      String name =
          method instanceof MemberSelectTree member
              ? member.getIdentifier().toString()
              : method.toString();
      List<? extends ExpressionTree> arguments = call.getArguments();
      if (LEVELLED.contains(name) && arguments.size() >= 2) {
        for (String level : levels(arguments.get(0))) {
          boolean format = arguments.size() > 2 && !(folded(arguments.get(1)).contains(HOLE));
          texts(arguments.get(1)).forEach(text -> add(level, format, text));
        }
      } else if (WARNERS.contains(name) && (arguments.size() == 3 || logger.equals("config"))) {
        texts(arguments.get(0)).forEach(text -> add("WARNING", false, text));
      } else if (name.equals("tell")
          && (method.toString().contains("upkeep") || file.endsWith(UPKEEP))) {
        texts(arguments.get(0)).forEach(text -> add("ERROR", false, text));
      } else if (name.equals("tell") && file.endsWith(KINDS)) {
        texts(arguments.get(0)).forEach(text -> add("WARNING", false, text));
      }
      return super.visitMethodInvocation(call, null);
    }

    private String folded(ExpressionTree expression) {
      return String.join("", texts(expression));
    }

    private List<String> levels(ExpressionTree argument) {
      ExpressionTree given =
          argument instanceof IdentifierTree known
              ? variables.getOrDefault(known.toString(), argument)
              : argument;
      Matcher matcher = LEVEL.matcher(given.toString());
      List<String> named = matcher.results().map(each -> each.group(1)).toList();
      // A level that is found out at run time.
      return named.isEmpty() && given.toString().equals("level") ? List.of(HOLE) : named;
    }

    private List<String> texts(ExpressionTree expression) {
      if (expression instanceof ParenthesizedTree inner) {
        return texts(inner.getExpression());
      }
      if (expression instanceof LiteralTree literal && literal.getValue() instanceof String text) {
        return List.of(text);
      }
      if (expression instanceof ConditionalExpressionTree either) {
        List<String> both = new ArrayList<>(texts(either.getTrueExpression()));
        both.addAll(texts(either.getFalseExpression()));
        return both.stream().allMatch(HOLE::equals) ? List.of(HOLE) : both;
      }
      if (expression.getKind() == Tree.Kind.PLUS) {
        BinaryTree sum = (BinaryTree) expression;
        List<String> right = texts(sum.getRightOperand());
        return texts(sum.getLeftOperand()).stream()
            .flatMap(left -> right.stream().map(each -> left + each))
            .toList();
      }
      if (expression instanceof IdentifierTree known
          && variables.get(known.toString()) instanceof BinaryTree value
          && value.getKind() == Tree.Kind.PLUS) {
        return texts(value);
      }
      return List.of(HOLE);
    }

    private void add(String level, boolean format, String text) {
      String shown = PARAMETER.matcher(text).replaceAll(HOLE);
      shown = (format ? shown.replace("''", "'") : shown).replaceAll(HOLE + "{2,}", HOLE).strip();
      // What has no words of its own is the text of an exception, or of another row.
      if (shown.codePoints().anyMatch(Character::isLetter)) {
        lines.add(new Line(logger, level, shown));
      }
    }
  }
}
