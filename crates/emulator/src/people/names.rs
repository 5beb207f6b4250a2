//! The lists that people are drawn from. The ASCII form is what stands in an e-mail address.

/// A name and its ASCII form in lower case.
pub(super) struct Name {
    pub(super) native: &'static str,
    pub(super) ascii: &'static str,
}

/// First and last names that go together.
pub(super) struct People {
    pub(super) first: &'static [Name],
    pub(super) last: &'static [Name],
}

const fn name(native: &'static str, ascii: &'static str) -> Name {
    Name { native, ascii }
}

pub(super) const PEOPLES: &[People] = &[
    // Latin without and with marks.
    People {
        first: &[name("Grace", "grace"), name("Owen", "owen"), name("Mary Ann", "maryann"), name("Al", "al")],
        last: &[
            name("O'Neill", "o'neill"),
            name("Smith-Jones", "smith-jones"),
            name("Baker", "baker"),
            name("D'Arcy", "darcy"),
        ],
    },
    People {
        first: &[
            name("Jürgen", "juergen"),
            name("Zoë", "zoe"),
            name("Søren", "soren"),
            name("Łukasz", "lukasz"),
        ],
        last: &[
            name("Größl", "groessl"),
            name("Ångström", "angstrom"),
            name("Dvořák", "dvorak"),
            name("Wałęsa", "walesa"),
        ],
    },
    People {
        first: &[name("İbrahim", "ibrahim"), name("Çağla", "cagla"), name("Ştefan", "stefan")],
        last: &[name("Işık", "isik"), name("Yıldız", "yildiz"), name("Țepeș", "tepes")],
    },
    // Accents as combining characters, and the stacked ones of Vietnamese.
    People {
        first: &[name("Jose\u{301}", "jose"), name("Ame\u{301}lie", "amelie"), name("Bjo\u{308}rn", "bjorn")],
        last: &[
            name("Nu\u{301}n\u{303}ez", "nunez"),
            name("Lefe\u{300}vre", "lefevre"),
            name("Peña", "pena"),
        ],
    },
    People {
        first: &[name("Thị Hồng", "thihong"), name("Đức", "duc"), name("Phượng", "phuong")],
        last: &[name("Nguyễn", "nguyen"), name("Trần", "tran"), name("Đặng", "dang")],
    },
    // Cyrillic and Greek.
    People {
        first: &[name("Олена", "olena"), name("Дмитрий", "dmitry"), name("Їржі", "yirzhi")],
        last: &[name("Шевченко", "shevchenko"), name("Ковалёв", "kovalev"), name("Ђорђевић", "djordjevic")],
    },
    People {
        first: &[name("Γιώργος", "giorgos"), name("Ελένη", "eleni"), name("Ιωάννα", "ioanna")],
        last: &[name("Παπαδόπουλος", "papadopoulos"), name("Οικονόμου", "oikonomou")],
    },
    // Right to left.
    People {
        first: &[name("محمد", "mohammed"), name("فاطمة", "fatima"), name("عبد الرحمن", "abdulrahman")],
        last: &[name("الخطيب", "alkhatib"), name("بن علي", "benali"), name("حسين", "hussein")],
    },
    People {
        first: &[name("נועה", "noa"), name("יוסף", "yosef"), name("שרה", "sara")],
        last: &[name("כהן", "cohen"), name("בן־דוד", "bendavid"), name("לוי", "levi")],
    },
    // Without letter case.
    People {
        first: &[name("伟", "wei"), name("秀英", "xiuying"), name("子涵", "zihan")],
        last: &[name("王", "wang"), name("欧阳", "ouyang"), name("李", "li")],
    },
    People {
        first: &[name("さくら", "sakura"), name("健太", "kenta"), name("ジュリア", "julia")],
        last: &[name("佐藤", "sato"), name("髙橋", "takahashi"), name("鈴木", "suzuki")],
    },
    People {
        first: &[name("민준", "minjun"), name("서연", "seoyeon"), name("지우", "jiwoo")],
        last: &[name("김", "kim"), name("이", "lee"), name("남궁", "namgung")],
    },
    People {
        first: &[name("आर्या", "arya"), name("विवेक", "vivek"), name("श्रीलक्ष्मी", "shrilakshmi")],
        last: &[name("शर्मा", "sharma"), name("त्रिपाठी", "tripathi"), name("कुमार", "kumar")],
    },
    People {
        first: &[name("สมชาย", "somchai"), name("พิมพ์ชนก", "pimchanok"), name("ณัฐพล", "natthaphon")],
        last: &[name("ศรีสุข", "srisuk"), name("วงศ์ไทย", "wongthai"), name("ใจดี", "jaidee")],
    },
];

pub(super) const COMPANIES: &[Name] = &[
    name("Fjord & Sons", "fjord-sons"),
    name("Ben's Bakery", "bens-bakery"),
    name("R&D \"Polaris\"", "polaris"),
    name("Müller & Söhne", "mueller-soehne"),
    name("株式会社山田", "yamada"),
    name("شركة النور", "alnoor"),
    name("ООО Ромашка", "romashka"),
    name("Café Liberté", "cafe-liberte"),
    name("50% More = Less?", "fifty"),
    name("Northwind Traders", "northwind"),
    name("A+B Logistics", "aplusb"),
    name("Tailspin Toys", "tailspin"),
];

pub(super) const LEGAL_FORMS: &[&str] = &["", ", Inc.", " GmbH & Co. KG", " S.A.", " (UK) Ltd"];

pub(super) const JOBS: &[&str] = &[
    "Head of R&D",
    "Chargée d'études",
    "Director, Sales/Marketing",
    "Geschäftsführerin",
    "Manager",
    "Software Engineer",
    "工程师",
    "VP \"Growth\"",
];
