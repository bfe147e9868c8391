"""What the demo's invented cadres passed on. Nobody here exists; the words are plain on purpose."""

from dataclasses import dataclass

from portal.flags.answers import Age, Answers, Aware, CallTime, Danger, KeepFrom, Known, Need, Relation, Sign, Who


@dataclass(frozen=True)
class Story:
    """A concern: what was ticked, what was written, how the house is found."""

    answers: Answers
    text: str = ""
    nickname: str = ""
    landmark: str = ""


STORIES = (
    Story(Answers(Danger.NONE, who=Who.WOMAN, age=Age.UNDER_60, signs=(Sign.SHOUTING,), known=Known.TOLD_BY_OTHERS,
                  relation=Relation.NEIGHBOUR, aware=Aware.NOT_AWARE, call_times=(CallTime.MORNING,)),
          "Sekarang ia tinggal di rumah ibunya. Anaknya masih ikut ayahnya.", "Bu R", ""),
    Story(Answers(Danger.AGAIN, who=Who.GIRL, age=Age.UNDER_13, signs=(Sign.INJURY, Sign.AFRAID),
                  known=Known.WITNESSED, relation=Relation.NEIGHBOUR, aware=Aware.CHILD_NOT_AWARE,
                  call_times=(CallTime.ANY,)),
          "Ada lebam di lengan. Takut pulang kalau ada kakak iparnya.", "Mel", "dekat musala, pagar hijau"),
    Story(Answers(Danger.AGAIN, who=Who.WOMAN, age=Age.UNDER_60, signs=(Sign.SHOUTING, Sign.AFRAID),
                  known=Known.TOLD_BY_PERSON, relation=Relation.NEIGHBOUR, aware=Aware.NOT_YET_WILLING,
                  call_times=(CallTime.MORNING, CallTime.MIDDAY)),
          "Sering terdengar bentakan malam hari. Ia bilang sabar saja.", "Bu N", "rumah kontrakan pintu tiga"),
    Story(Answers(Danger.UNKNOWN, who=Who.BOY, age=Age.UNDER_18, signs=(Sign.INJURY, Sign.SHOUTING),
                  known=Known.TOLD_BY_OTHERS, relation=Relation.SCHOOL, aware=Aware.UNKNOWN),
          "Teman sekelasnya bercerita ia dipukul dengan gagang sapu.", "R", ""),
    Story(Answers(Danger.NOW, signs=(), aware=Aware.UNKNOWN), "", "", ""),
    Story(Answers(Danger.NONE, who=Who.GIRL, age=Age.UNDER_18, signs=(Sign.PHONE,), known=Known.TOLD_BY_PERSON,
                  relation=Relation.SCHOOL, aware=Aware.CHILD_KNOWS, call_times=(CallTime.AFTERNOON,)),
          "Fotonya disebar di grup. Ia tidak mau masuk sekolah.", "D", ""),
    Story(Answers(Danger.AGAIN, who=Who.GIRL, age=Age.UNDER_18, signs=(Sign.MOVED,), known=Known.SESSION,
                  relation=Relation.CADRE, aware=Aware.CHILD_NOT_AWARE),
          "Kabarnya akan dinikahkan bulan depan, padahal masih kelas dua.", "S", "belakang pasar"),
    Story(Answers(Danger.UNKNOWN, who=Who.SEVERAL, age=Age.UNKNOWN, signs=(Sign.NEGLECT,), known=Known.WITNESSED,
                  relation=Relation.NEIGHBOUR, aware=Aware.UNKNOWN, call_times=(CallTime.EVENING,)),
          "Dua anak kecil sering sendirian sampai malam, minta makan ke tetangga.", "", "gang buntu nomor dua"),
    Story(Answers(Danger.AGAIN, who=Who.WOMAN, age=Age.OLDER, signs=(Sign.NEGLECT, Sign.SHOUTING),
                  needs=(Need.WALKING,), known=Known.WITNESSED, relation=Relation.NEIGHBOUR,
                  aware=Aware.CANNOT_ASK),
          "Nenek tidak bisa berjalan dan dikunci di kamar.", "Nek I", "rumah cat biru"),
    Story(Answers(Danger.NONE, who=Who.WOMAN, age=Age.UNDER_25, signs=(Sign.PHONE,), known=Known.TOLD_BY_PERSON,
                  relation=Relation.FAMILY, aware=Aware.WANTS_HELP, shared_phone=False,
                  call_times=(CallTime.ANY,)), "Mantan pacarnya mengancam menyebar video.", "Y", ""),
    Story(Answers(Danger.UNKNOWN, who=Who.UNKNOWN, age=Age.UNKNOWN, signs=(Sign.OTHER,), known=Known.GUESS,
                  aware=Aware.UNKNOWN), "Anaknya berubah pendiam sejak pindah ke sini.", "", ""),
    Story(Answers(Danger.AGAIN, who=Who.GIRL, age=Age.UNDER_18, signs=(Sign.TOUCHED, Sign.AFRAID),
                  known=Known.TOLD_BY_PERSON, relation=Relation.SCHOOL, aware=Aware.CHILD_KNOWS,
                  call_times=(CallTime.AFTERNOON,)),
          "Ia bilang tidak mau lagi les di rumah itu.", "K", ""),
    Story(Answers(Danger.AGAIN, who=Who.WOMAN, age=Age.UNDER_60, needs=(Need.PREGNANT,),
                  signs=(Sign.SHOUTING,), known=Known.WITNESSED, relation=Relation.NEIGHBOUR,
                  aware=Aware.NOT_AWARE), "Sedang hamil besar. Kemarin malam terdengar barang pecah.", "Mba T",
          "seberang warung"),
)

CONFLICTS = (
    Story(Answers(Danger.AGAIN, who=Who.GIRL, age=Age.UNDER_18, signs=(Sign.TOUCHED,), known=Known.TOLD_BY_PERSON,
                  relation=Relation.CADRE, aware=Aware.CHILD_KNOWS, keep_from=(KeepFrom.RT_RW,)),
          "Yang dicurigai pengurus RT sendiri.", "P", "dekat pos ronda"),
    Story(Answers(Danger.UNKNOWN, who=Who.BOY, age=Age.UNDER_13, signs=(Sign.AFRAID,), known=Known.TOLD_BY_OTHERS,
                  relation=Relation.SCHOOL, aware=Aware.UNKNOWN, keep_from=(KeepFrom.SCHOOL,)),
          "Ia takut pada seorang guru di sekolahnya.", "B", ""),
    Story(Answers(Danger.AGAIN, who=Who.WOMAN, age=Age.UNDER_60, signs=(Sign.INJURY,), known=Known.WITNESSED,
                  relation=Relation.NEIGHBOUR, aware=Aware.NOT_YET_WILLING,
                  keep_from=(KeepFrom.KELURAHAN, KeepFrom.RT_RW)),
          "Suaminya pegawai kantor kelurahan.", "Bu W", "ujung gang"),
)

NOTES = (
    "Menelepon kader. Situasi dijelaskan, belum ada perubahan.",
    "Kunjungan bersama pendamping. Bertemu orangnya di tempat aman.",
    "Koordinasi dengan puskesmas untuk pemeriksaan.",
    "Telepon belum terhubung. Dicoba lagi besok pagi.",
)

ADDITIONS = ("Hari ini terdengar lagi, lebih keras.", "Ia sudah di rumah bibinya sejak kemarin.")
ANSWERS = ("Sore setelah jam empat aman.", "Keadaannya masih sama. Besok pagi saya bisa ditelepon.")
