/** Budgets: how often a network, a device or an app may ask, before and after the mesh knows who it is. */
export const BUDGET_LIMITS = {
  /**
   * Failed authentications of one network (an IPv4 address or an IPv6 /64) on a host of one machine: rate, and burst. A hundred devices of one
   * office with wrong clocks fit; five a second cost a hundredth of a core.
   */
  FAILED_AUTH_PER_SECOND: 5,
  FAILED_AUTH_BURST: 100,
  /**
   * Failure counts that are remembered, about 100 bytes each: 2 MB. Those with the oldest last failure are evicted first.
   */
  FAILED_AUTH_NETWORKS: 20_000,
  /** Sending keys remembered as good, which failures of others do not lock out: 16 keys of 64 apps. */
  FAILED_AUTH_GOOD_KEYS: 1_024,
  /** For each good key: the networks from which it is never refused, and for how long after its last success. */
  FAILED_AUTH_GOOD_KEY_NETWORKS: 8,
  FAILED_AUTH_GOOD_KEY_MS: 3_600_000,
  /**
   * What a network may ask for before anybody knows who it is, on a host of one machine: rate, and burst. Accounts: the phones of a stadium
   * behind one address install an app within minutes. Each costs the check of a signature and, on workerd, an object.
   */
  ACCOUNTS_PER_SECOND: 5,
  ACCOUNTS_BURST: 500,
  /** The same for all networks together: a day of it is four million devices, and a hundredth of a core. */
  ALL_ACCOUNTS_PER_SECOND: 50,
  ALL_ACCOUNTS_BURST: 5_000,
  /**
   * How fast it is forgotten that a neighbourhood of networks (an IPv4 /24 or an IPv6 /48) made accounts, when the last half of those of all is shared
   * out: a burst in 14 hours. Ten networks that used all of their own rates would otherwise keep every new device out.
   */
  ACCOUNTS_FORGOTTEN_PER_SECOND: 0.01,
  /** Links of devices without a registration, junk tokens included: twice as many, as each account opens one, and some break. */
  CONNECTS_PER_SECOND: 10,
  CONNECTS_BURST: 1_000,
  /** Live listeners: pages of one office that all come back. */
  LISTENS_PER_SECOND: 20,
  LISTENS_BURST: 1_000,
  /**
   * Links of one registered device from one network: the SDK waits for a second at least before it connects again, and a device that opens link
   * after link has a new burst of messages with each.
   */
  LINKS_PER_SECOND: 1,
  LINKS_BURST: 300,
  /**
   * Pages of the documentation and what they load, of a network: ten readers in one office open the site at once. The largest file is 2.5 MB, and
   * the host holds it once, however many read it.
   */
  PAGES_PER_SECOND: 20,
  PAGES_BURST: 400,
  /** Of these, how many networks and devices are remembered, about 100 bytes each: 2 MB. The oldest is evicted first. */
  REQUEST_BUDGETS: 20_000,
  /**
   * Wrong admin tokens of one network: how many at once, and how long each is held against it. Someone who mistypes has ten tries; a guesser has
   * 8,640 a day of 2^96 and more tokens.
   */
  GUESSES_BURST: 10,
  GUESS_MS: 10_000,
  /** How long a token that succeeded from a network is checked there, whatever others there do. */
  GUESS_GOOD_MS: 3_600_000,
  /** Networks and tokens that one edge isolate remembers for it, about 100 bytes each. */
  GUESS_NETWORKS: 10_000,
  GUESS_GOOD_TOKENS: 1_024,
  /**
   * What makes rows and objects, of one device: rate, and burst. Registrations: all 32 apps of a device four times over, then as often
   * as a person signs out and in by hand.
   */
  REGISTERS_PER_SECOND: 0.2,
  REGISTERS_BURST: 128,
  /**
   * Agreements on a key (about 1 ms each) before an app has been asked, because the grant is sealed: of a device without a registration at once, and of
   * all devices of a process, those without a registration and those with one each for themselves. Strangers of one network open 10 links a second,
   * which leaves a fifth to others, and takes 80 ms of each second.
   */
  STRANGER_AGREEMENTS_PER_SECOND: 1,
  STRANGER_AGREEMENTS_BURST: 8,
  AGREEMENTS_PER_SECOND: 100,
  AGREEMENTS_BURST: 200,
  /**
   * New registrations of one app, those with a grant and those without each for themselves: rate, and burst. Twice as many devices as one machine
   * makes accounts for, and what one object of an app can answer beside its other work.
   */
  APP_REGISTRATIONS_PER_SECOND: 100,
  APP_REGISTRATIONS_BURST: 10_000,
  /**
   * Registrations and renewals that one app refuses, of one device: each asks the app's object, which may check a signature (0.1 ms or more). A few
   * at once, then one in 5 s. The registrations of a device, 32 at the most, have this each.
   */
  REFUSED_ADMITS_PER_SECOND: 0.2,
  REFUSED_ADMITS_BURST: 16,
  /** The same for all apps of which the device has no registration: twice the rate of one, so that one leaves room for others. */
  ALL_REFUSED_ADMITS_PER_SECOND: 0.4,
  ALL_REFUSED_ADMITS_BURST: 64,
  /** Apps of which a device remembers what they refused, about 100 bytes each: all that it has twice. Who asked first is forgotten first. */
  REFUSED_ADMITS_APPS: 64,
  /**
   * Refused grants of devices without a registration, of one app, and apart from them those of registrations without a grant: what takes its object
   * some percent of the time. Beyond, a device with a good grant gets in as soon as one of its attempts finds room, so this is no higher and no lower
   * than that.
   */
  APP_REFUSED_GRANTS_PER_SECOND: 100,
  APP_REFUSED_GRANTS_BURST: 1_000,
  /** Aliases: 16 of each of the 32 apps, twice. */
  ALIAS_SETS_PER_SECOND: 2,
  ALIAS_SETS_BURST: 1_024,
  /** Tags that a registration does not have: all tags of four apps at once, as at the first start. */
  TAG_JOINS_PER_SECOND: 20,
  TAG_JOINS_BURST: 8_000,
  /**
   * Tags and aliases that nobody has, on the host workerd, where each is a new database in the thread of all: what one device makes beside single
   * sends in the same turns as what is there. A user, his devices and a few rooms fit; what is beyond comes with longer pauses.
   */
  NEW_OBJECTS_PER_SECOND: 0.02,
  NEW_OBJECTS_BURST: 8,
  /**
   * The pause after each of those, in times of what it took, and at most. At 30 ms (measured) there are 95 a minute, and fewer than one send in 20
   * waits for one.
   */
  NEW_OBJECT_REST_SHARE: 20,
  NEW_OBJECT_REST_MAX_MS: 2_000,
  /** Devices for which that is counted, and tags and aliases that are known to be there: about 100 bytes each. The oldest is forgotten first. */
  NEW_OBJECTS_DEVICES: 10_000,
  KNOWN_OBJECTS: 50_000,
} as const;
