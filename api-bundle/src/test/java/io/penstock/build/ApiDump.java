// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import aQute.bnd.osgi.Analyzer;
import aQute.bnd.osgi.Annotation;
import aQute.bnd.osgi.ClassDataCollector;
import aQute.bnd.osgi.Clazz;
import aQute.bnd.osgi.FileResource;
import java.io.IOException;
import java.lang.reflect.AnnotatedArrayType;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.AnnotatedWildcardType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writes what other bundles can see of a folder of classes as sorted text: each package with its
 * version, and in it one block for each public type with its public and protected members. Type
 * annotations (nullness) and constants' values belong to it. The text depends on the class files
 * alone, not on the JDK that reads them.
 */
final class ApiDump {
  private static final String VERSION = "org.osgi.annotation.versioning.Version";
  private static final String ROLES = "org.osgi.annotation.versioning.";

  private final Path classes;
  private final ClassLoader loader;

  /** What is below {@code classes}, loaded by {@code loader}, which must see the same files. */
  ApiDump(Path classes, ClassLoader loader) {
    this.classes = classes;
    this.loader = loader;
  }

  /** The whole text, as lines. */
  List<String> lines() throws Exception {
    Map<String, List<Class<?>>> packages = new TreeMap<>();
    for (Class<?> type : publicTypes()) {
      packages.computeIfAbsent(type.getPackageName(), name -> new ArrayList<>()).add(type);
    }
    List<String> lines = new ArrayList<>();
    for (var entry : packages.entrySet()) {
      Class<?> info = Class.forName(entry.getKey() + ".package-info", false, loader);
      lines.add(
          annotations(info) + "package " + entry.getKey() + " " + classFileValue(info, VERSION));
      lines.add("");
      for (Class<?> type : entry.getValue()) {
        lines.addAll(block(type));
        lines.add("");
      }
    }
    return lines;
  }

  /** Every type that other bundles can name, sorted by name. */
  List<Class<?>> publicTypes() throws Exception {
    List<String> names;
    try (Stream<Path> files = Files.walk(classes)) {
      names =
          files
              .map(file -> classes.relativize(file).toString())
              .filter(file -> file.endsWith(".class") && !file.endsWith("-info.class"))
              .map(file -> file.substring(0, file.length() - ".class".length()).replace('/', '.'))
              .sorted()
              .toList();
    }
    List<Class<?>> types = new ArrayList<>();
    for (String name : names) {
      Class<?> type = Class.forName(name, false, loader);
      if (visible(type)) {
        types.add(type);
      }
    }
    return types;
  }

  /** The simple names of the versioning annotations on a type, which reflection cannot see. */
  List<String> roles(Class<?> type) throws Exception {
    return classFileAnnotations(type).stream()
        .map(annotation -> annotation.getName().getFQN())
        .filter(name -> name.startsWith(ROLES) && !name.equals(VERSION))
        .map(name -> name.substring(ROLES.length()))
        .sorted()
        .toList();
  }

  /** Fields, then constructors, then methods, each by name, so that overloads stand together. */
  private record Member(int kind, String name, String text) {
    static final Comparator<Member> ORDER =
        Comparator.comparingInt(Member::kind)
            .thenComparing(Member::name)
            .thenComparing(Member::text);
  }

  private List<String> block(Class<?> type) throws Exception {
    List<String> lines = new ArrayList<>();
    String roles = roles(type).stream().map(role -> "@" + role + " ").collect(Collectors.joining());
    lines.add(roles + annotations(type) + header(type));
    List<Member> members = new ArrayList<>();
    for (Field field : type.getDeclaredFields()) {
      if (visible(field.getModifiers(), field.isSynthetic())) {
        members.add(new Member(0, field.getName(), field(field)));
      }
    }
    for (Constructor<?> constructor : type.getDeclaredConstructors()) {
      if (visible(constructor.getModifiers(), constructor.isSynthetic())) {
        String text = executable(constructor, type.getSimpleName());
        members.add(new Member(1, type.getSimpleName(), text));
      }
    }
    for (Method method : type.getDeclaredMethods()) {
      if (visible(method.getModifiers(), method.isSynthetic() || method.isBridge())) {
        String result = type(method.getAnnotatedReturnType()) + " " + method.getName();
        String text = executable(method, result) + defaultValue(method);
        members.add(new Member(2, method.getName(), text));
      }
    }
    members.stream().sorted(Member.ORDER).forEach(member -> lines.add("  " + member.text));
    return lines;
  }

  private static String header(Class<?> type) {
    // The compiler sets these by itself, and abstract on every interface.
    int implied = type.isInterface() ? Modifier.ABSTRACT | Modifier.STATIC : 0;
    implied |= type.isEnum() || type.isRecord() ? Modifier.FINAL | Modifier.STATIC : 0;
    int modifiers = type.getModifiers() & ~Modifier.INTERFACE & ~implied;
    StringBuilder text = new StringBuilder(modifiers(modifiers));
    text.append(type.isSealed() ? "sealed " : "");
    String kind = type.isInterface() ? "interface" : type.isEnum() ? "enum" : "class";
    text.append(type.isAnnotation() ? "@interface" : type.isRecord() ? "record" : kind);
    text.append(' ').append(type.getName()).append(typeParameters(type.getTypeParameters()));
    AnnotatedType superclass = type.getAnnotatedSuperclass();
    if (superclass != null && type.getSuperclass() != Object.class) {
      text.append(" extends ").append(type(superclass));
    }
    if (type.getInterfaces().length > 0) {
      text.append(type.isInterface() ? " extends " : " implements ");
      text.append(sorted(types(type.getAnnotatedInterfaces())));
    }
    if (type.isSealed()) {
      text.append(" permits ");
      text.append(sorted(Arrays.stream(type.getPermittedSubclasses()).map(Class::getName)));
    }
    return text.toString();
  }

  private static String field(Field field) throws IllegalAccessException {
    String text =
        annotations(field)
            + modifiers(field.getModifiers())
            + type(field.getAnnotatedType())
            + " "
            + field.getName();
    boolean constant =
        Modifier.isStatic(field.getModifiers())
            && Modifier.isFinal(field.getModifiers())
            && (field.getType().isPrimitive() || field.getType() == String.class);
    if (!constant) {
      return text;
    }
    // Callers have a constant's value compiled in, so a new value is a change of the API.
    field.setAccessible(true);
    return text + " = " + literal(field.get(null));
  }

  private static String executable(Executable executable, String resultAndName) {
    StringBuilder text = new StringBuilder(annotations(executable));
    int implied = Modifier.TRANSIENT | Modifier.VOLATILE; // the bits of varargs and bridge
    text.append(modifiers(executable.getModifiers() & ~implied));
    text.append(executable instanceof Method method && method.isDefault() ? "default " : "");
    String parameters = typeParameters(executable.getTypeParameters());
    text.append(parameters).append(parameters.isEmpty() ? "" : " ");
    text.append(resultAndName);
    String arguments =
        types(executable.getAnnotatedParameterTypes()).collect(Collectors.joining(", "));
    if (executable.isVarArgs()) {
      arguments = arguments.substring(0, arguments.length() - "[]".length()) + "...";
    }
    text.append('(').append(arguments).append(')');
    if (executable.getExceptionTypes().length > 0) {
      text.append(" throws ").append(sorted(types(executable.getAnnotatedExceptionTypes())));
    }
    return text.toString();
  }

  private static String defaultValue(Method method) {
    Object value = method.getDefaultValue();
    return value == null ? "" : " default " + literal(value);
  }

  private static String literal(Object value) {
    if (value instanceof Object[] values) {
      return Arrays.stream(values)
          .map(ApiDump::literal)
          .collect(Collectors.joining(", ", "{", "}"));
    }
    if (value instanceof Class<?> type) {
      return type.getName() + ".class";
    }
    if (value instanceof Character || value instanceof String) {
      return '"'
          + value.toString().replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
          + '"';
    }
    return String.valueOf(value);
  }

  private static Stream<String> types(AnnotatedType[] types) {
    return Arrays.stream(types).map(ApiDump::type);
  }

  private static String type(AnnotatedType type) {
    if (type instanceof AnnotatedArrayType array) {
      String own = annotations(type);
      String component = type(array.getAnnotatedGenericComponentType());
      return component + (own.isEmpty() ? "" : " " + own) + "[]";
    }
    if (type instanceof AnnotatedWildcardType wildcard) {
      AnnotatedType[] lower = wildcard.getAnnotatedLowerBounds();
      if (lower.length > 0) {
        return annotations(type) + "? super " + type(lower[0]);
      }
      AnnotatedType upper = wildcard.getAnnotatedUpperBounds()[0];
      boolean object = upper.getType() == Object.class && annotations(upper).isEmpty();
      return annotations(type) + "?" + (object ? "" : " extends " + type(upper));
    }
    if (type instanceof AnnotatedParameterizedType parameterized) {
      Type raw = ((ParameterizedType) type.getType()).getRawType();
      String arguments =
          types(parameterized.getAnnotatedActualTypeArguments()).collect(Collectors.joining(", "));
      return annotations(type) + name((Class<?>) raw) + "<" + arguments + ">";
    }
    Type plain = type.getType();
    String name =
        plain instanceof Class<?> named ? name(named) : ((TypeVariable<?>) plain).getName();
    return annotations(type) + name;
  }

  private static String name(Class<?> type) {
    return !type.isPrimitive() && type.getPackageName().equals("java.lang")
        ? type.getName().substring("java.lang.".length())
        : type.getName();
  }

  private static String typeParameters(TypeVariable<?>[] variables) {
    if (variables.length == 0) {
      return "";
    }
    return Arrays.stream(variables)
        .map(
            variable -> {
              String bounds =
                  types(variable.getAnnotatedBounds()).collect(Collectors.joining(" & "));
              return annotations(variable)
                  + variable.getName()
                  + (bounds.equals("Object") ? "" : " extends " + bounds);
            })
        .collect(Collectors.joining(", ", "<", ">"));
  }

  /** The annotations' simple names; none in this API has members that matter to a caller. */
  private static String annotations(AnnotatedElement element) {
    return Arrays.stream(element.getDeclaredAnnotations())
        .map(annotation -> "@" + annotation.annotationType().getSimpleName() + " ")
        .sorted()
        .collect(Collectors.joining());
  }

  private static String modifiers(int modifiers) {
    return modifiers == 0 ? "" : Modifier.toString(modifiers) + " ";
  }

  private static String sorted(Stream<String> names) {
    return names.sorted().collect(Collectors.joining(", "));
  }

  private static boolean visible(Class<?> type) {
    Class<?> outer = type.getEnclosingClass();
    boolean named = !type.isAnonymousClass() && !type.isLocalClass();
    return named
        && visible(type.getModifiers(), type.isSynthetic())
        && (outer == null || visible(outer));
  }

  private static boolean visible(int modifiers, boolean synthetic) {
    return !synthetic && (Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers));
  }

  private String classFileValue(Class<?> type, String annotationName) throws Exception {
    for (Annotation annotation : classFileAnnotations(type)) {
      if (annotation.getName().getFQN().equals(annotationName)) {
        return annotation.get("value");
      }
    }
    throw new IOException(type.getName() + " has no " + annotationName);
  }

  private List<Annotation> classFileAnnotations(Class<?> type) throws Exception {
    String file = type.getName().replace('.', '/') + ".class";
    List<Annotation> found = new ArrayList<>();
    try (Analyzer analyzer = new Analyzer();
        FileResource resource = new FileResource(classes.resolve(file))) {
      new Clazz(analyzer, file, resource)
          .parseClassFileWithCollector(
              new ClassDataCollector() {
                @Override
                public void annotation(Annotation annotation) {
                  switch (annotation.elementType()) {
                    case TYPE, PACKAGE, ANNOTATION_TYPE -> found.add(annotation);
                    default -> {}
                  }
                }
              });
    }
    return found;
  }
}
