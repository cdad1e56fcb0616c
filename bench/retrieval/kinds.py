"""What people tell each other, and what somebody may ask about it later: templates for `conversations.py`.

A question uses other words than the answer wherever people would. In an exchange `s` is whom the fact is about, `o` the
other one; `!` marks the turn that answers. Some answers say nothing without the turn before them.
"""

from __future__ import annotations

from dataclasses import dataclass

CITIES = ("Lisbon", "Leeds", "Oslo", "Turin", "Bergen", "Ghent", "Cork", "Porto", "Graz", "Malmö", "Nantes", "Split")
MONTHS = (
    "in spring",
    "last weekend",
    "on Tuesday",
    "a week ago",
    "yesterday",
    "the Friday before last",
    "this morning",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fact.

    Attributes:
        slots: What differs from person to person, by name; a tuple of values, or of pairs that go together.
        exchanges: Ways in which it is told: turns as `who: text`.
        questions: Ways to ask for it.
        lexical: The way of somebody who remembers how it was told.
        german: One of the questions in German; empty where it is not asked so.
        japanese: The same in Japanese.
    """

    slots: dict[str, tuple[str, ...]]
    exchanges: tuple[tuple[str, ...], ...]
    questions: tuple[str, ...]
    lexical: str
    german: str = ""
    japanese: str = ""


KINDS = (
    Kind(
        {"x": ("cello", "accordion", "ukulele", "trumpet", "harp", "oboe", "banjo", "clarinet")},
        (
            ("o: You sound tired, {s}. Long week?", "s!: My fingers are killing me, I started {x} lessons {when}."),
            (
                "s!: Guess who had a first go at the {x} {when}? The neighbours already complain.",
                "o: Ha, poor neighbours!",
            ),
        ),
        ("Which musical instrument is {s} learning?", "What is {s} learning to play?"),
        "When did {s} start {x} lessons?",
        "Welches Instrument lernt {s}?",
        "{s}さんはどの楽器を習っていますか?",
    ),
    Kind(
        {"x": ("greyhound", "tortoise", "parrot", "ferret", "kitten", "rabbit", "poodle", "hamster")},
        (
            (
                "s: We have a new member of the family.",
                "o: Oh? Tell me!",
                "s!: A {x}! We picked it up from the shelter {when}.",
            ),
            ("s!: Could not resist, I came home with a {x} {when}. It already owns the sofa.", "o: Send pictures!!"),
        ),
        ("What kind of pet did {s} adopt?", "Which animal lives with {s} now?"),
        "Where did {s} find the {x}?",
        "Welches Haustier hat {s} aufgenommen?",
        "{s}さんはどんなペットを飼い始めましたか?",
    ),
    Kind(
        {"x": CITIES},
        (
            ("o: Where are you off to in the summer?", "s!: {x}, for two weeks. Flights are booked.", "o: Lucky you."),
            ("s: I can't wait for July.", "o: Is the trip settled then?", "s!: Yes! {x} it is."),
        ),
        ("Where is {s} going on holiday?", "Which city does {s} want to spend the summer vacation in?"),
        "When is {s} going to {x}?",
        "Wohin fährt {s} in den Urlaub?",
        "{s}さんは休暇にどこへ行きますか?",
    ),
    Kind(
        {"x": ("nurse", "carpenter", "pilot", "librarian", "chef", "plumber", "translator", "vet")},
        (
            ("o: How did the career talk go?", "s!: I'm going back to school to become a {x}. Scared, but happy."),
            ("s!: I handed in my notice. From September I train as a {x}.", "o: Wow, {s}! That takes courage."),
        ),
        ("What new profession does {s} want to take up?", "What job is {s} retraining for?"),
        "When does {s} begin to train as a {x}?",
        "Welchen Beruf will {s} lernen?",
        "{s}さんは何の職業を目指していますか?",
    ),
    Kind(
        {"x": ("peanuts", "shellfish", "pollen", "penicillin", "wool", "latex", "strawberries", "bees")},
        (
            ("o: Why were you at the doctor's?", "s!: My whole face was swollen. Turns out it's {x}.", "o: Ouch."),
            ("s!: Note to self: stay away from {x}, I ended up in hospital with a rash {when}.", "o: Get well soon!"),
        ),
        ("What is {s} allergic to?", "Which allergy does {s} have?"),
        "What happened to {s} because of {x}?",
        "Wogegen ist {s} allergisch?",
        "{s}さんは何のアレルギーですか?",
    ),
    Kind(
        {"x": ("half marathon", "triathlon", "open-water swim", "bike race", "ultra run", "regatta")},
        (
            (
                "s: I'm still shaking.",
                "o: Did you make it to the end?",
                "s!: I did! My first {x}, three hours and a bit.",
            ),
            ("s!: Crossed the line {when}, {x} done, legs gone.", "o: I'm proud of you, {s}!"),
        ),
        ("Which sports event did {s} complete?", "What competition did {s} finish?"),
        "How long did the {x} of {s} take?",
    ),
    Kind(
        {"x": ("Grandma's ring", "my passport", "the car keys", "my violin bow", "Dad's watch", "the good camera")},
        (
            ("o: What's wrong?", "s!: I can't find {x} anywhere. I have turned the flat upside down.", "o: Oh no."),
            ("s!: {x} is gone. I think I left it on the train {when}.", "o: Call the lost and found!"),
        ),
        ("What did {s} lose?", "Which belonging is {s} missing?"),
        "Where did {s} lose {x}?",
    ),
    Kind(
        {"x": ("a leaking roof", "a burst pipe", "mice", "a broken boiler", "mould", "a jammed door")},
        (
            ("o: And how is the new flat?", "s!: Honestly? {x}. The landlord does not pick up.", "o: That's awful."),
            ("s!: Spent the whole night dealing with {x}.", "o: Sounds like no fun at home."),
        ),
        ("What trouble does {s} have at home?", "What is wrong with {s}'s apartment?"),
        "What did {s} do about {x}?",
    ),
    Kind(
        {"x": ("sourdough", "kimchi", "croissants", "ramen", "lasagne", "baklava", "pierogi", "paella")},
        (
            ("o: What's cooking?", "s!: My first try at {x}. It looks nothing like the picture."),
            ("s!: Made {x} from scratch for my mother's birthday {when}.", "o: Did she like it?", "s: She had thirds."),
        ),
        ("What dish did {s} prepare?", "Which food did {s} make at home?"),
        "For whom did {s} make {x}?",
        "Welches Gericht hat {s} zubereitet?",
        "{s}さんはどんな料理を作りましたか?",
    ),
    Kind(
        {"x": ("my brother", "my aunt", "an old schoolmate", "my cousin", "my former boss", "my godmother")},
        (
            ("s: You will never guess who rang the bell {when}.", "o: Who?", "s!: {x}! After eleven years."),
            ("s!: {x} turned up out of the blue {when}, we talked until three.", "o: How lovely."),
        ),
        ("Who visited {s} unexpectedly?", "Whom did {s} see again after a long time?"),
        "When did {s} talk with {x}?",
    ),
    Kind(
        {"x": ("beekeeping", "pottery", "calligraphy", "chess", "birdwatching", "knitting", "fencing", "astronomy")},
        (
            ("o: Do you get any time for yourself?", "s!: Thursdays are mine: {x} at the community centre."),
            ("s!: I signed up for {x} {when}, of all things.", "o: I did not see that coming, {s}."),
        ),
        ("What hobby has {s} taken up?", "What does {s} do in the free time?"),
        "On which day does {s} do {x}?",
        "Welches Hobby hat {s} angefangen?",
        "{s}さんの新しい趣味は何ですか?",
    ),
    Kind(
        {"x": ("red", "teal", "mustard", "lavender", "charcoal", "mint green")},
        (
            (
                "s: The kitchen is finished!",
                "o: Which colour did you go for in the end?",
                "s!: {x}. It took three coats.",
            ),
            ("s!: Paint everywhere, even in my hair. The kitchen walls are {x} now.", "o: Bold!"),
        ),
        ("What colour did {s} paint the kitchen?", "Which shade are the walls of {s}'s kitchen?"),
        "How many coats of {x} did {s} need?",
    ),
    Kind(
        {"x": ("Nina", "Oskar", "Freya", "Milo", "Ida", "Theo", "Juno", "Emil")},
        (
            ("s: I'm an aunt since four o'clock!", "o: Congratulations! What's the baby called?", "s!: {x}."),
            ("s!: My sister had her baby {when}. They named her little one {x}.", "o: Beautiful name."),
        ),
        ("What is the name of {s}'s sister's child?", "How is the newborn in {s}'s family called?"),
        "Who told {s} about the baby named {x}?",
    ),
    Kind(
        {"x": ("a food truck", "a bookshop", "a bike repair shop", "a bakery", "a podcast", "a flower stand")},
        (
            ("o: You had big news?", "s!: I'm opening {x} with a friend. We signed {when}.", "o: You're kidding!"),
            ("s!: So it's official, {x}. Opening day is in March.", "o: I'll be the first customer, {s}."),
        ),
        ("What business is {s} starting?", "Which venture did {s} found?"),
        "With whom is {s} opening {x}?",
        "Welches Geschäft gründet {s}?",
        "{s}さんはどんな店を開きますか?",
    ),
    Kind(
        {"x": ("wrist", "ankle", "collarbone", "elbow", "big toe", "shoulder")},
        (
            (
                "s: Typing with one hand here.",
                "o: What happened?",
                "s!: Fell off the ladder. The {x} is broken in two places.",
            ),
            ("s!: Slipped on the ice {when}, and my {x} did not survive it.", "o: Do you need anything?"),
        ),
        ("Which bone did {s} break?", "What injury did {s} suffer?"),
        "How did {s} break the {x}?",
        "Was hat sich {s} gebrochen?",
    ),
    Kind(
        {"x": ("Middlemarch", "Dracula", "Emma", "Moby-Dick", "Frankenstein", "Walden", "Persuasion", "Kim")},
        (
            (
                "o: What are you on at the moment?",
                "s!: {x}. Two hundred pages in, and I can't stop.",
                "o: No spoilers!",
            ),
            ("s!: Stayed up until four to finish {x}. I cried.", "o: That good?"),
        ),
        ("Which book did {s} read?", "What novel kept {s} awake?"),
        "How many pages of {x} has {s} read?",
    ),
    Kind(
        {"x": ("Welsh", "Finnish", "Greek", "Korean", "Arabic", "Portuguese", "sign language", "Latin")},
        (
            ("s!: Evening class number one {when}: I can now say hello in {x}.", "o: Say something!"),
            ("o: Why do you mumble all day?", "s!: Vocabulary. The {x} exam is in two weeks.", "o: Fingers crossed."),
        ),
        ("What language is {s} studying?", "Which foreign tongue does {s} learn?"),
        "When is {s}'s {x} exam?",
        "Welche Sprache lernt {s}?",
        "{s}さんは何語を勉強していますか?",
    ),
    Kind(
        {"x": ("heights", "spiders", "flying", "dentists", "deep water", "thunder")},
        (
            (
                "o: Come on, join us on Sunday!",
                "s!: I would, but {x}... I freeze every single time.",
                "o: No pressure.",
            ),
            ("s!: Don't laugh, I have been scared of {x} since I was six.", "o: I'm not laughing, {s}."),
        ),
        ("What is {s} afraid of?", "Which phobia does {s} have?"),
        "Since when is {s} scared of {x}?",
        "Wovor hat {s} Angst?",
        "{s}さんは何が怖いですか?",
    ),
    Kind(
        {"x": ("eighty euros", "two hundred euros", "twelve hundred euros", "forty euros", "nine hundred euros")},
        (
            (
                "s: The bicycle is mine!",
                "o: How much did he want in the end?",
                "s!: {x}, with the lock.",
                "o: A bargain.",
            ),
            ("s!: Paid {x} for the old bicycle {when}. The seller threw in a helmet.", "o: Nice deal."),
        ),
        ("How much did {s} pay for the bike?", "What was the price of {s}'s bicycle?"),
        "What did {s} get for {x}?",
    ),
    Kind(
        {
            "x": (
                "the animal shelter",
                "a soup kitchen",
                "the fire brigade",
                "a hospice",
                "the library",
                "a refugee camp",
            )
        },
        (
            (
                "o: You're out every Saturday now?",
                "s!: I help out at {x}. It gives me more than I give.",
                "o: Respect.",
            ),
            ("s!: First shift at {x} {when}, unpaid and wonderful.", "o: You have a big heart, {s}."),
        ),
        ("Where does {s} volunteer?", "What charity work does {s} do?"),
        "How often does {s} help at {x}?",
        "Wo arbeitet {s} ehrenamtlich?",
        "{s}さんはどこでボランティアをしていますか?",
    ),
    Kind(
        {"x": CITIES},
        (
            (
                "s: The boxes are packed.",
                "o: So it's really happening. Which city?",
                "s!: {x}. The van comes on Monday.",
            ),
            ("s!: We got the keys! In {x}, ten minutes from the river.", "o: I'll miss you around here."),
        ),
        ("Where is {s} moving to?", "In which town is {s}'s new home?"),
        "When does {s} get the keys in {x}?",
        "Wohin zieht {s} um?",
        "{s}さんはどこに引っ越しますか?",
    ),
    Kind(
        {"x": ("gluten", "meat", "sugar", "alcohol", "dairy", "coffee")},
        (
            ("o: Shall I bring cake?", "s!: Better not: doctor's orders, no {x} until summer.", "o: Poor you."),
            ("s!: Day ten without {x}. I dream of it.", "o: You can do it!"),
        ),
        ("What has {s} given up eating or drinking?", "What is missing from {s}'s diet?"),
        "How long has {s} been without {x}?",
    ),
    Kind(
        {
            "x": (
                "a watercolour of the harbour",
                "a woodcut",
                "a quilt",
                "a bronze owl",
                "a mosaic table",
                "a photo series",
            )
        },
        (
            (
                "o: Did you finish your piece for the exhibition?",
                "s!: Last night. It's {x}.",
                "o: I can't wait to see it.",
            ),
            ("s!: They are going to show {x} of mine at the town hall!", "o: That's amazing, {s}!"),
        ),
        ("What work of art did {s} create?", "What will {s} exhibit?"),
        "Where will {s} show {x}?",
    ),
    Kind(
        {
            "x": (
                "the night shift",
                "my new manager",
                "the open-plan office",
                "the commute",
                "the deadlines",
                "the customers",
            )
        },
        (
            ("o: You look worn out.", "s!: It's {x}. I can't switch off any more.", "o: Talk to somebody."),
            ("s!: I nearly quit {when}, {x} is more than I can take.", "o: Hang in there."),
        ),
        ("What stresses {s} at work?", "Why is {s} unhappy with the job?"),
        "Did {s} want to quit because of {x}?",
        "Was belastet {s} bei der Arbeit?",
    ),
    Kind(
        {"x": ("a lighthouse", "a canal boat", "a treehouse", "a monastery", "a castle", "an igloo")},
        (
            ("s: Best night of the year.", "o: Where did you two stay?", "s!: In {x}, believe it or not."),
            ("s!: We slept in {x} {when}, for our anniversary.", "o: How romantic."),
        ),
        ("What unusual place did {s} stay the night in?", "Where did {s} celebrate the anniversary?"),
        "With whom did {s} stay in {x}?",
    ),
    Kind(
        {"x": ("the tax office", "the bank", "my landlord", "the insurance", "the phone company", "the council")},
        (
            (
                "s: I have had it.",
                "o: Who's the letter from?",
                "s!: {x}, again. Four hundred this time.",
                "o: That can't be right.",
            ),
            ("s!: Three hours on hold with {x} {when}, and still no answer.", "o: Typical."),
        ),
        ("Who does {s} have a dispute with?", "Which institution is bothering {s}?"),
        "How long was {s} on hold with {x}?",
    ),
    Kind(
        {"x": ("tomatoes", "pumpkins", "garlic", "dahlias", "artichokes", "runner beans")},
        (
            ("o: What will you do with the allotment?", "s!: {x}, rows and rows of them.", "o: Save some for me."),
            ("s!: Up to my elbows in soil: the {x} are in the ground.", "o: You and your green thumb, {s}."),
        ),
        ("What does {s} grow in the garden?", "Which plants did {s} put in?"),
        "How much of {x} does {s} have in the ground?",
        "Was baut {s} im Garten an?",
        "{s}さんは庭で何を育てていますか?",
    ),
    Kind(
        {"x": ("Fado", "bluegrass", "opera", "techno", "ska", "Baroque music")},
        (
            ("s: My ears are still ringing.", "o: What was on?", "s!: {x}, three hours of it, front row."),
            ("s!: I went to my first {x} concert {when} and came back a convert.", "o: You? Really?"),
        ),
        ("What kind of concert did {s} attend?", "Which music did {s} hear live?"),
        "Where did {s} sit at the {x} concert?",
    ),
    Kind(
        {"x": ("driving test", "swimming badge", "thesis defence", "bar exam", "first-aid course", "sailing licence")},
        (
            ("o: Well?? Tell me!", "s!: Passed! The {x} is behind me.", "o: I knew it!"),
            ("s!: I failed the {x} {when}. Second attempt in May.", "o: Next time, {s}."),
        ),
        ("Which exam did {s} take?", "What test did {s} sit?"),
        "Did {s} pass the {x}?",
        "Welche Prüfung hat {s} abgelegt?",
    ),
    Kind(
        {"x": ("a telescope", "roller skates", "a typewriter", "a record player", "a hammock", "a kayak")},
        (
            ("o: What did they give you?", "s!: {x}! I had hinted at it for months.", "o: Happy birthday again!"),
            ("s!: Unwrapped {x} {when}, best birthday ever.", "o: You deserve it."),
        ),
        ("What present did {s} get?", "Which birthday gift did {s} receive?"),
        "Who gave {s} {x}?",
        "Was hat {s} zum Geburtstag bekommen?",
        "{s}さんは誕生日に何をもらいましたか?",
    ),
)
