// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.component;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.AttributeType;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** The keys of the configuration {@code io.penstock.Remote}. */
@ObjectClassDefinition(
    name = "Penstock: remote endpoints",
    description = "Where containers find each other's endpoints.")
public @interface RemoteKeys {
  /** {@return the servers of the registry} */
  @AttributeDefinition(
      name = "Servers",
      description =
          "Where the registry is. SCHEME:ADDRESS, such as nats://a:4222; several of one kind are"
              + " separated by commas. A list is static:NAME=ENDPOINT;rank=NUMBER;TAG=VALUE, and a"
              + " registry within this process, for tests, memory:NAME. A change connects anew.")
  String servers();

  /** {@return how long a container may be silent} */
  @AttributeDefinition(
      required = false,
      name = "Session",
      description =
          "How long a container may be silent until what it publishes is removed elsewhere; it shows"
              + " a sign of life four times as often. A duration: a number with ms, s, m or h, or"
              + " ISO-8601; 1s or more. It is the same in all containers. A change connects anew.")
  String session() default "3s";

  /** {@return what becomes of open channels} */
  @AttributeDefinition(
      required = false,
      name = "On removal",
      options = {
        @Option(label = "abort if silent", value = "abort-if-silent"),
        @Option(label = "abort", value = "abort"),
        @Option(label = "keep", value = "keep"),
      },
      description =
          "What becomes of channels to an endpoint that is removed: abort-if-silent aborts each that"
              + " has moved no byte for a session, abort aborts them at once, keep leaves them. A"
              + " change connects anew.")
  String onRemoved() default "abort-if-silent";

  /** {@return which names are imported as services} */
  @AttributeDefinition(
      required = false,
      name = "Imports",
      description =
          "Of which names a Connector service is registered for each endpoint of another container."
              + " Names separated by commas, * for all, or nothing. remote:NAME finds any name. With"
              + " many thousands of endpoints, name those that are needed. A change connects anew.")
  String imports() default "*";

  /** {@return on how many servers entries are kept} */
  @AttributeDefinition(
      required = false,
      type = AttributeType.INTEGER,
      min = "1",
      max = "5",
      name = "Replicas",
      description =
          "On how many servers of a registry entries are kept, where it has several. A number, 1 or"
              + " more; 5 at most, and no more than there are servers. A change connects anew.")
  String replicas() default "3";

  /** {@return the user} */
  @AttributeDefinition(
      required = false,
      name = "User",
      description =
          "Who logs in to the registry, of registries with a login. Text. Default: none. A change connects anew.")
  String user() default "";

  /** {@return the password} */
  @AttributeDefinition(
      required = false,
      type = AttributeType.PASSWORD,
      name = "Password",
      description =
          "The password of the user. Text. Default: none. It is in no log, service property or text of an object."
              + " A change connects anew.")
  String _password() default "";

  /** {@return the token} */
  @AttributeDefinition(
      required = false,
      type = AttributeType.PASSWORD,
      name = "Token",
      description =
          "A token to log in by, in place of user and password. Text. Default: none. It is in no log, service"
              + " property or text of an object. A change connects anew.")
  String _token() default "";

  /** {@return the authorities} */
  @AttributeDefinition(
      required = false,
      name = "TLS: trusted authorities",
      description =
          "Which certificates the servers of the registry may show, where it is reached by"
              + " TLS. A path, or several and system, which stands for those that Java trusts,"
              + " separated by commas. Each key of TLS turns TLS on, and needs the bundle"
              + " io.penstock.tls. Default: none. A change connects anew.")
  String tls_trust() default "";

  /** {@return what opens the authorities} */
  @AttributeDefinition(
      required = false,
      name = "TLS: password of the trusted authorities",
      description =
          "The file whose first line is the password of PKCS#12 files of tls.trust. A path."
              + " Default: none. A change connects anew.")
  String tls_trustPasswordFile() default "";

  /** {@return the key} */
  @AttributeDefinition(
      required = false,
      name = "TLS: key",
      description =
          "The private key that is shown to the servers. A path, of a file in PEM or"
              + " PKCS#12 form. Default: none. A change connects anew.")
  String tls_key() default "";

  /** {@return the certificates of the key} */
  @AttributeDefinition(
      required = false,
      name = "TLS: certificates",
      description =
          "The certificates of the key, where its file has none. A path, of a file in PEM"
              + " form. Default: none. A change connects anew.")
  String tls_certificates() default "";

  /** {@return what opens the key} */
  @AttributeDefinition(
      required = false,
      name = "TLS: password of the key",
      description =
          "The file whose first line is the password of the key. A path. Default: none. A"
              + " change connects anew.")
  String tls_keyPasswordFile() default "";

  /** {@return the name of the servers} */
  @AttributeDefinition(
      required = false,
      name = "TLS: name of the servers",
      description =
          "The name that the certificate of each server must be for. Text. Default: the"
              + " host of its address. A change connects anew.")
  String tls_serverName() default "";

  /** {@return whether the name is checked} */
  @AttributeDefinition(
      required = false,
      name = "TLS: check of the name",
      description =
          "Whether the certificate of a server must be for its name, true or false. Text."
              + " Default: true. A change connects anew.")
  String tls_checkName() default "";
}
